"""Loads tariffs and opening accounts from a folder: the 2012 original's JSON, or CSV files."""

from storage.loading.folder import Format, Progress, detect
from storage.loading.load import DOCUMENTS, AccountSeed, Loaded, load_folder
from storage.loading.report import Problem

__all__ = ["DOCUMENTS", "AccountSeed", "Format", "Loaded", "Problem", "Progress", "detect", "load_folder"]
