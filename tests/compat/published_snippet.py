"""The smallest client of the published page; ``print`` is Python 3's, text is encoded, the port is given."""

import json
import socket
import sys

cd = {
    "Tor": 0,
    "CstmId": "vdf",
    "Subject": "rif",
    "DestinationPrefix": "0256",
    "TimeStart": "2012-02-02T17:30:00Z",
    "TimeEnd": "2012-02-02T18:30:00Z",
}

s = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
s.sendall(json.dumps({"id": 1, "method": "Responder.Get", "params": [cd]}).encode())
print(s.recv(4096).decode())
