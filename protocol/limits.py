"""Every limit of the wire, on one page, each with its reason. Bytes, seconds and counts as the names end.

A limit that a caller can reach is answered (``PARSE_ERROR``, ``OVERLOADED``, …); none of them is silent.
"""

# One request on its way in.

FRAME_BYTES_MAX = 1 << 20
"""One JSON value. A call descriptor has some 250 bytes; a batch of a thousand fits."""
DEPTH_MAX = 64
"""Nesting of one JSON value. A request needs 3, the deepest descriptor 6."""
BRACKETS_MAX = 1 << 15
"""Brackets of one value that has to be found by scanning, some 10 ms of it. A full batch has 6000."""
ID_BYTES_MAX = 4096
"""The id of a request, which is kept until the answer. Clients send a number or a UUID."""
BATCH_MAX = 1000
"""Requests in one JSON-RPC 2.0 batch: its answers (1.6 kB each) are joined in memory before they leave."""

KEY_CHARS_MAX = 1024
"""An API key shown by a caller. Ours have 57 characters; an administrator may think of a longer one."""

BATCH_BYTES_MAX = 4 << 20
"""The answers to one batch, each refused beyond it. A thousand usual ones are half of that, a thousand
calls of a year 400 MiB."""

# One connection of a caller.

CONNECTIONS_MAX = 4096
"""Open connections of one listener; below the usual limit of file descriptors when raters are added."""
CONNECTION_IN_FLIGHT_MAX = 4096
"""Unanswered requests of one connection, beyond which it is not read: a second's work for one rater."""
CONNECTION_BYTES_MAX = 8 << 20
"""Bytes read from a connection whose requests are unanswered, beyond which it is not read."""
PENDING_BYTES_MAX = 256 << 20
"""Bytes of unfinished frames over all connections: a fleet of slow writers must not fill the memory."""
WRITE_BUFFER_BYTES_MAX = 1 << 20
"""Unsent answers of one connection, beyond which it is not read: more than a kernel's buffer, 600 answers."""
ALL_UNSENT_BYTES_MAX = 256 << 20
"""Unsent answers of all connections of a listener, beyond which those with the most are dropped: four of the
worst. Looked at every SWEEP_S, in which raters answer some 30 MB."""
DRAIN_S = 30.0
"""A caller that does not take its answers for so long is dropped: longer than any sane pause of a client."""
FRAME_S = 10.0
"""A request that has begun ends within so many seconds, and one for each FRAME_BYTES_PER_S of it."""
FRAME_BYTES_PER_S = 8192
"""The slowest honest link: 64 kbit/s."""
LOGIN_S = 10.0
"""Where keys are asked for, a new connection shows one within so many seconds."""
LOGIN_FAILURES_MAX = 8
"""Requests of one connection without a right key, after which it is closed: a person's typing errors."""
LINGER_S = 2.0
"""A caller that was told why its connection closes is heard so much longer: closed at once, what it still
sends would be answered by a reset, which can overtake those words."""
LINGER_BYTES_MAX = 8 << 20
"""… and for so many bytes, which are thrown away: what kernels have on their way."""
IDLE_S = 60.0
"""A listener that is full closes the connection that has been idle for longest, and at least for so long."""
SWEEP_S = 1.0
"""How often a listener looks at these time-outs."""
KEEPALIVE_S = 120
"""A connection silent for so long is asked by TCP whether its other end is still there."""
TLS_HANDSHAKE_S = 10.0
"""Time for a TLS handshake: three packets."""
STOP_S = 6.0
"""A stopping listener waits so long for what is in flight: REQUEST_S, and one more for the way."""

# The pool.

IN_FLIGHT_MAX = 20_000
"""Unanswered requests of the whole pool: a second of work; more would only wait until their deadline."""
HEAVY_BYTES = 4096
"""A descriptor longer than this is heavy: sixteen times a usual one."""
HEAVY_MAX = 64
"""Heavy descriptors in flight: with FRAME_BYTES_MAX that is 64 MiB."""
REQUEST_S = 4.6
"""A request unanswered for so long is answered STORE_UNAVAILABLE. A rater gives up on the store before
that, so its own answer comes first; callers are promised an answer within 5 s."""
WAIT_S = 4.0
"""A request that finds no rater waits so long for one: a supervisor starts one again within 2 s."""
RESENDS_MAX = 3
"""Raters that may be lost over one request, once it was sent to them, before it is refused: it may be what
kills them."""
SPILL = 64
"""A read leaves its preferred rater when that has so many more in flight than the least busy one."""
ROUTES_MAX = 65_536
"""Routing keys whose rater is remembered (some 200 bytes each); then the memory starts anew."""
ROUTE_CHARS_MAX = 256
"""Longest routing key that is remembered; longer ones are computed each time."""
TICK_S = 0.1
"""How often deadlines are looked at: fine enough for REQUEST_S to keep the promise of 5 s."""

# Balancer and raters.

RATERS_MAX = 256
"""Raters of one balancer, and connections that are still proving who they are."""
NAME_CHARS_MAX = 128
"""A rater's name: a host (64 at most) and a process number."""
HANDSHAKE_BYTES_MAX = 1024
"""Bytes taken from a peer that has not yet proved that it knows the secret."""
HANDSHAKE_S = 3.0
"""Time for the whole handshake: three messages."""
HEARTBEAT_S = 1.0
"""A rater sends its counters so often; the balancer sends an empty envelope back."""
SILENCE_S = 3.0
"""A peer silent for three heartbeats is taken for dead. Below REQUEST_S, so that what a frozen rater holds is
still answered by another."""
ENVELOPE_ITEMS_MAX = 3 * 1024
"""Items of one envelope (three per request), so that neither end builds one huge list."""
ANSWER_BYTES_MAX = 1 << 20
"""The body of one answer: a call of a year with two prices a day has 400 KiB; longer calls can be cut."""
UNSENT_BYTES_MAX = 64 << 20
"""Answers that wait for one end to take them: a caller beyond it is dropped, a rater then takes no quotes."""
STREAM_BYTES_MAX = 32 << 20
"""Unparsed bytes of an envelope stream: one answer and what came with it."""
COUNTERS_MAX = 256
"""Counters in a heartbeat."""
RECONNECT_S_MIN = 0.05
"""First pause of a rater before it tries the balancer again; it doubles …"""
RECONNECT_S_MAX = 0.2
"""… up to this: a restarted balancer, up after half a second, has its raters so much later."""

# One connection of HTTP. Connections and unsent answers are bounded as those of JSON-RPC.

HTTP_HEAD_BYTES_MAX = 64 << 10
"""Request line and headers of one request, or its trailers; proxies pass on a quarter of that."""
HTTP_HEAD_S = 10.0
"""A request's head is whole so long after it began, or after the connection was made: it fits in a packet."""
HTTP_BODY_S = 10.0
"""A request's body is whole so long after its head: a form has 64 KiB at most."""
HTTP_PIPELINE_MAX = 64
"""Requests sent ahead of their answers; browsers send none, tools a handful."""
HTTP_KEEP_ALIVE_S = 75
"""An idle connection is closed after this: a minute's polling keeps its connection."""
