"""A sheet of Excel is read as Excel shows it."""

import zipfile
from pathlib import Path

import pytest

from cgrates_py.rate_decks.building import Profile
from cgrates_py.rate_decks.columns import LAYOUTS
from cgrates_py.rate_decks.importing import Imported, import_deck
from cgrates_py.rate_decks.reading import Rules
from cgrates_py.rate_decks.sheets import SheetError, opened
from tests.rate_decks.decks import AS_OF_NS, prices, told

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"

CELLS = (("Prefix", "Rate"), (447911, 0.1), (49, 0.012300000000000001), ("+33", "0,25"), ("n/a", 1))


def cell(value: object) -> str:
    """Write a cell as Excel does: seventeen digits of a number, or text."""
    if isinstance(value, str):
        return f'<c t="inlineStr"><is><t>{value}</t></is></c>'
    return f"<c><v>{value!r}</v></c>"


SHEET = "".join(f"<row>{''.join(map(cell, row))}</row>" for row in CELLS)


def workbook(path: Path) -> None:
    """Write the smallest workbook that Excel opens."""
    files = {
        "[Content_Types].xml": f'<Types xmlns="{PACKAGE}/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        '<Default Extension="xml" ContentType="application/xml"/></Types>',
        "_rels/.rels": f'<Relationships xmlns="{PACKAGE}/relationships"><Relationship Id="r1" '
        f'Type="{RELATIONS}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{MAIN}" xmlns:r="{RELATIONS}"><sheets>'
        '<sheet name="Rates" sheetId="1" r:id="r1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{PACKAGE}/relationships"><Relationship Id="r1" '
        f'Type="{RELATIONS}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>',
        "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{MAIN}"><sheetData>{SHEET}</sheetData></worksheet>',
    }
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)


@pytest.fixture
def found(tmp_path: Path) -> Imported:
    workbook(tmp_path / "deck.xlsx")
    return import_deck(tmp_path / "deck.xlsx", LAYOUTS["az"], {}, Rules(), Profile("ACME", "t"), AS_OF_NS)


def test_numbers_are_codes_and_prices_of_the_digits_that_excel_shows(found: Imported) -> None:
    assert prices(found) == {"447911": "0.1 1-1", "49": "0.0123 1-1", "33": "0.25 1-1"}


def test_findings_name_the_rows_of_the_sheet(found: Imported) -> None:
    assert told(found) == ["5 Prefix: n/a: a code of digits: skipped"]


def test_what_only_is_called_so_is_refused(tmp_path: Path) -> None:
    (tmp_path / "deck.xlsx").write_text("Prefix,Rate\n49,0.1\n")
    with pytest.raises(SheetError):
        opened(tmp_path / "deck.xlsx")
