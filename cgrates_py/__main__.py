"""``python -m cgrates_py`` is ``cgrates-py``."""

from cgrates_py.cli import main

if __name__ == "__main__":
    main()
