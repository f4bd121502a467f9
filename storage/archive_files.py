"""Where the files of an archive are: a directory, or object storage by a URL that ``pyarrow.fs`` reads.

A file is written whole and then exists, under a name that nothing else gets, and never changes. Calls block:
they belong into a thread.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import unquote, urlsplit

from storage.store import StoreCorruptError, StoreUnavailableError

SUFFIX = ".parquet"

_UNFINISHED = ".part"
"""Stands behind the name of a file until all of it is there; a crash may leave one, which nothing reads."""

Location = Path | str
"""A directory, or a URL: ``s3://BUCKET/PREFIX?region=…``, ``gs://…``, ``file:///…``."""


class NoFileError(StoreUnavailableError):
    """A file that the store names is not there: lost, or in a place that this process does not see."""


class Files(Protocol):
    """Files of one place. Raises OSError when the place cannot be reached or written."""

    def put(self, name: str, content: Any) -> None:
        """Write a file (bytes, or what pyarrow made of some); durable when it returns."""

    def source(self, name: str) -> Any:
        """Give what pyarrow reads a file from. Raises FileNotFoundError."""

    def remove(self, name: str) -> None:
        """Remove a file that the store does not name."""

    def place(self, name: str) -> str:
        """Tell where a file is, for people."""


def files_at(location: Location) -> Files:
    """Give the files of a location; nothing is touched or reached yet."""
    if isinstance(location, str) and "://" in location:
        parts = urlsplit(location)
        return Directory(Path(unquote(parts.path))) if parts.scheme == "file" else Objects(location)
    return Directory(Path(location))


def check_location(text: str) -> str:
    """Refuse a URL that names no place, or a password with it. Raises ValueError."""
    if "://" not in text:
        return text
    parts = urlsplit(text)
    if parts.scheme not in {"file", "s3", "gs", "gcs", "abfs", "abfss"}:
        raise ValueError("expected a directory, or a URL with s3://, gs://, abfs:// or file://")
    if parts.password is not None or ("@" in parts.netloc and parts.scheme in {"s3", "gs", "gcs"}):
        raise ValueError("expected a URL without credentials: they come from the environment")
    if parts.scheme == "file" and (parts.netloc or not parts.path.strip("/")):
        raise ValueError("expected file:///DIRECTORY")
    if parts.scheme != "file" and not parts.netloc:
        raise ValueError(f"expected {parts.scheme}://BUCKET/PREFIX")
    return text


class Directory:
    """The files of a directory, which is made when the first is written."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def put(self, name: str, content: Any) -> None:
        """Write a file beside its name, sync it, and give it the name; nothing stays of one that fails."""
        self._make()
        path, part = self._path / name, self._path / f"{name}{_UNFINISHED}"
        if path.exists():
            raise FileExistsError(path)
        try:
            with part.open("xb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            part.rename(path)
        except OSError:  # a full disk, most likely: what is there of it would keep it full
            part.unlink(missing_ok=True)
            raise
        _sync(self._path)

    def _make(self) -> None:
        """Make the directory, and those above it, so that a power cut does not take it away again."""
        missing = [each for each in (self._path, *self._path.parents) if not each.exists()]
        self._path.mkdir(parents=True, exist_ok=True)
        for each in missing:
            _sync(each.parent)

    def source(self, name: str) -> Any:
        """Give the path of a file."""
        path = self._path / name
        if not path.is_file():
            raise FileNotFoundError(path)
        return path

    def remove(self, name: str) -> None:
        """Remove a file, if it is there."""
        (self._path / name).unlink(missing_ok=True)

    def place(self, name: str) -> str:
        """Tell the path of a file."""
        return str(self._path / name)


class Objects:
    """The objects of a URL's bucket whose names begin with its path. Credentials come from the environment.

    A store of objects shows an object when all of it is there.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._opened: tuple[Any, str] | None = None

    def put(self, name: str, content: Any) -> None:
        """Upload a file."""
        filesystem, path = self._open()
        with filesystem.open_output_stream(f"{path}/{name}") as stream:
            stream.write(content)

    def source(self, name: str) -> Any:
        """Open a file, of which only what is read is fetched."""
        filesystem, path = self._open()
        return filesystem.open_input_file(f"{path}/{name}")

    def remove(self, name: str) -> None:
        """Remove a file, if it is there."""
        filesystem, path = self._open()
        try:
            filesystem.delete_file(f"{path}/{name}")
        except FileNotFoundError:
            return

    def place(self, name: str) -> str:
        """Tell the URL of a file, without its options."""
        return f"{self._url.partition('?')[0].rstrip('/')}/{name}"

    def _open(self) -> tuple[Any, str]:
        if self._opened is None:
            pyarrow()
            from pyarrow import fs  # noqa: PLC0415 -- an extra, and 50 MB

            try:
                filesystem, path = fs.FileSystem.from_uri(self._url)
            except ValueError as error:
                raise StoreUnavailableError(f"archive {self.place('')}: {error}") from None
            self._opened = filesystem, path.rstrip("/")
        return self._opened


def _sync(path: Path) -> None:
    """Make the names in a directory durable."""
    directory = os.open(path, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)


@contextmanager
def reading(files: Files, name: str) -> Iterator[None]:
    """Tell whatever goes wrong with a file as NoFileError, StoreCorruptError or StoreUnavailableError."""
    try:
        yield
    except FileNotFoundError:
        raise NoFileError(f"there is no archive {files.place(name)}") from None
    except (OSError, ValueError, KeyError, TypeError, IndexError) as error:
        reason = f"archive {files.place(name)}: {error}"
        if isinstance(error, OSError) and isinstance(files, Objects):  # the network's, most likely
            raise StoreUnavailableError(reason) from None
        raise StoreCorruptError(reason) from None


def pyarrow() -> tuple[Any, Any]:
    """Load pyarrow and its Parquet. Raises StoreUnavailableError."""
    try:
        import pyarrow as pa  # noqa: PLC0415 -- an extra, and 50 MB
        import pyarrow.parquet as pq  # noqa: PLC0415 -- likewise
    except ImportError:
        raise StoreUnavailableError('old days need pyarrow: pip install "cgrates-py[parquet]"') from None
    return pa, pq
