"""Small folders to load, written by the tests themselves."""

from collections.abc import Mapping
from pathlib import Path

from rater.instant import parse
from rater.tariff import Tariff
from storage.loading import Loaded, load_folder

NOW_NS = parse("2026-03-01T12:00:00Z")[0]

CSV: dict[str, str] = {
    "Destinations.csv": "#Id,Prefix\nLAND,+43\nCELL,+43664\nCELL,+43676\n",
    "Timings.csv": (
        "#Id,Years,Months,MonthDays,WeekDays,Time\n"
        "DAY,*any,*any,*any,1;2;3;4;5,07:30:00\n"
        "NIGHT,*any,*any,*any,1;2;3;4;5,00:00:00\n"
        "REST,*any,*any,*any,6;7,00:00:00\n"
    ),
    "Rates.csv": (
        "#Id,Fee,Rate,Unit,Increment,Start\nR1,0.4,0.2,60s,60s,0s\nR1,0,0.1,60s,1s,60s\nR2,,0.05,1m,1s,\n"
    ),
    "DestinationRates.csv": "#Id,D,R,M,D,C,S\nD1,LAND,R1,*up,4,0,\nD1,CELL,R2,*down,2,0.5,*free\n",
    "RatingPlans.csv": "#Id,D,T,W\nP1,D1,DAY,10\nP1,D1,NIGHT,10\nP1,D1,REST,10\n",
    "RatingProfiles.csv": "#T,C,S,A,P,F\nt,call,*any,2020-01-01T00:00:00Z,P1,\n",
    "Actions.csv": "#Id\nA1,*topup_reset,,,,*monetary,,*any,,,*unlimited,,10,5,false,false,10\n",
    "ActionPlans.csv": "#Id,A,T,W\nAP,A1,*asap,10\n",
    "AccountActions.csv": "#T,A,P,T,N,D\nt,1001,AP,,true,false\n",
}
"""A whole CSV folder without a fault."""

JSON: dict[str, str] = {
    "destinations.json": '[{"Id": "near", "Prefixes": ["031", "032"]}, {"Id": "far", "Prefixes": ["07"]}]',
    "activation_periods.json": """[
      {"CstmId": "c", "Subject": "s", "DestinationPrefix": "031", "ActivationPeriods": [
        {"ActivationTime": "2013-05-01T00:00:00Z", "Intervals": [{"Price": 0.3, "BillingUnit": 1}]},
        {"ActivationTime": "2012-05-01T00:00:00+02:00", "Intervals": [
          {"WeekDays": [1, 2, 3, 4, 5], "StartTime": "", "EndTime": "12:00:00", "Price": 0.1},
          {"WeekDays": [1, 2, 3, 4, 5], "StartTime": "12:00:00", "EndTime": "23:59:59", "Price": 0.2},
          {"WeekDays": [6, 7], "Price": 0.05, "Ponder": 2, "ConnectFee": 0.15}
        ]}
      ]}
    ]""",
    "tariff_plans.json": """[
      {"Id": "gold", "SmsCredit": 7, "ReceivedCallsSecondsLimit": 60, "RecivedCallBonus": {"Credit": 1.5},
       "MinuteBuckets": [{"Seconds": 30.5, "Priority": 2, "Price": 0.01, "DestinationId": "near"}],
       "VolumeDiscountThresholds": [{"Volume": 900, "Discount": 9}, {"Volume": 100, "Discount": 2.5}]}
    ]""",
    "user_budgets.json": """[
      {"Id": "a:b", "Credit": 0.1, "TariffPlanId": "gold",
       "MinuteBuckets": [{"Seconds": 5, "DestinationId": "far"}]}
    ]""",
}
"""A whole JSON folder without a fault."""


def write(folder: Path, files: Mapping[str, str | bytes]) -> Path:
    """Write files into a folder."""
    folder.mkdir(exist_ok=True)
    for name, content in files.items():
        data = content.encode() if isinstance(content, str) else content
        (folder / name).write_bytes(data)
    return folder


def load(folder: Path, files: Mapping[str, str | bytes], base: Tariff | None = None) -> Loaded:
    """Write a folder and load it over a base."""
    return load_folder(write(folder, files), base or Tariff(), now_ns=NOW_NS)


def reports(loaded: Loaded) -> list[str]:
    """Print the problems."""
    return [str(problem) for problem in loaded.problems]


def notices(loaded: Loaded) -> list[str]:
    """Print the notices."""
    return [str(notice) for notice in loaded.notices]
