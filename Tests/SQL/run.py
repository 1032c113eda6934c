"""Runs the queries of docs/sql.md on a recording, and compares some results with the recording's trace.

Usage: run.py docs/sql.md FOLDER

FOLDER contains the exports of the recording: trace.jsonl, events.csv and snapshot.json.
"""

import json
import os
import re
import sys

import duckdb

document = open(sys.argv[1]).read()
os.chdir(sys.argv[2])
database = duckdb.connect()
tables, results = [], {}
for heading, body in re.findall(r"^## (.*?)\n(.*?)(?=^## |\Z)", document, re.M | re.S):
    for query in re.findall(r"```sql\n(.*?)```", body, re.S):
        try:
            result = database.execute(query)
        except duckdb.Error as error:
            sys.exit(f"{heading}: {error}\n{query}")
        if query.startswith("CREATE TABLE"):
            tables.append(query.split()[2])
        else:
            rows = result.fetchall()
            if not rows:
                sys.exit(f"{heading}: no rows\n{query}")
            results.setdefault(heading, []).append(rows)

for table in tables:
    count = database.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
    print("table", table, count)
for heading, lists in results.items():
    print("query", heading, [len(rows) for rows in lists])

# Compares results of the queries with trace.jsonl.
lines = [json.loads(line) for line in open("trace.jsonl")]
summary = lines[-1]
count = database.execute("SELECT count(*) FROM requests").fetchone()[0]
assert count == summary["submitted"] + summary["found"], (count, summary)
errors = sum(line.get("event") == "complete" and line["result"] < 0 for line in lines)
assert sum(row[2] for row in results["Errors per minute"][0]) == errors, errors
slowest = results["Slowest requests by file"][0]
assert any(row[0].startswith("/dev/") for row in slowest), slowest
assert [row[4] for row in slowest] == sorted((row[4] for row in slowest), reverse=True)
late = results["Groups returned late"][0]
assert all(row[1] > 0 and row[2] >= row[3] for row in late), late
