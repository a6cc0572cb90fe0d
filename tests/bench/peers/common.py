"""What both peers share: a client of BigQuery on the sandbox, the record of a row, the call that carries a thousand."""

import datetime
import json
import os
import threading
import time

import requests
from google.api_core.client_options import ClientOptions
from google.auth import crypt, jwt
from google.cloud import bigquery
from google.oauth2.credentials import Credentials

ENDPOINT = os.environ["BENCH_ENDPOINT"]
AUTHORITY = os.environ["BENCH_AUTHORITY"]
TABLE = os.environ["BENCH_TABLE"]
PAGE_ROWS = int(os.environ["BENCH_PAGE_ROWS"])
ACCOUNT = json.loads(os.environ["BENCH_ACCOUNT"])
TS = int(time.time())
BATCH = 1_000
IN_FLIGHT = 15


def token() -> str:
    """The exchange that google-auth makes; its own would ask Google's host."""
    with open(os.environ["BENCH_KEY"]) as file:
        key = json.load(file)
    now = int(time.time())
    claims = {
        "iss": key["client_email"],
        "scope": "https://www.googleapis.com/auth/bigquery",
        "aud": key["token_uri"],
        "iat": now,
        "exp": now + 3600,
    }
    assertion = jwt.encode(crypt.RSASigner.from_service_account_info(key), claims).decode()
    form = {"grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer", "assertion": assertion}
    answer = requests.post(f"{ENDPOINT}/token", data=form, verify=AUTHORITY, timeout=60)
    answer.raise_for_status()
    return answer.json()["access_token"]


def rows():
    """Google's own client, paging over REST as `list_rows` does."""
    client = bigquery.Client(
        project=os.environ["BENCH_PROJECT"],
        credentials=Credentials(token()),
        client_options=ClientOptions(api_endpoint=ENDPOINT),
        location=os.environ["BENCH_LOCATION"],
    )
    job = client.query(f"SELECT * FROM `{TABLE}`")
    return job.result(page_size=PAGE_ROWS)


_EPOCH = datetime.date(1970, 1, 1)


def record(row) -> dict:
    """The record that Tapline's plan makes of the same row."""
    return {
        "identity": str(row["id"]),
        "type": "profile",
        "ts": TS,
        "profileData": {
            "Email": row["email"],
            "Phone": row["phone"],
            "Name": row["name"],
            "City": row["city"],
            "Orders": row["orders"],
            "Spent": float(row["spent"]),
            "Active": row["active"],
            "Born": f"$D_{(row['born'] - _EPOCH).days * 86_400}",
            "Seen": f"$D_{int(row['seen'].timestamp())}",
        },
    }


_local = threading.local()


def upload(records) -> None:
    """One call. 429 and lost connections are tried again, as a careful script would."""
    session = getattr(_local, "session", None)
    if session is None:
        session = _local.session = requests.Session()
        session.verify = AUTHORITY
        session.headers["x-clevertap-account-id"] = ACCOUNT["account_id"]
        session.headers["x-clevertap-passcode"] = ACCOUNT["passcode"]
    for attempt in range(8):
        answer = session.post(
            f"{ENDPOINT}/clevertap/{ACCOUNT['region']}/1/upload", json={"d": records}, timeout=60
        )
        if answer.status_code != 429:
            break
        time.sleep(0.5 * 2**attempt)
    answer.raise_for_status()
    reply = answer.json()
    if reply["processed"] != len(records):
        raise RuntimeError(f"{reply['processed']} of {len(records)} were processed")
