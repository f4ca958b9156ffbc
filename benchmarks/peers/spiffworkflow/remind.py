# Run where only the benchmark installs the peer: mypy does not see it.
# mypy: disable-error-code="import-not-found", allow-untyped-decorators
"""SpiffWorkflow: `remind.py ADDRESS CASES`. A BPMN process for each case, kept in SQLite before and after its task.

It keeps nothing by itself; as its documentation has it (spiffworkflow.readthedocs.io: serialization), a process is
written as JSON and read again. Here all are kept when they begin, then each is read, run, and kept in one transaction
with its row of the outbox.
"""

from __future__ import annotations

import json
import sqlite3
import sys
import time
from contextlib import closing

from SpiffWorkflow.bpmn import BpmnWorkflow
from SpiffWorkflow.bpmn.parser import BpmnParser
from SpiffWorkflow.bpmn.script_engine import PythonScriptEngine, TaskDataEnvironment
from SpiffWorkflow.bpmn.serializer import BpmnWorkflowSerializer

ADDRESS, CASES = sys.argv[1].removeprefix("sqlite:///"), int(sys.argv[2])
WRITE = "INSERT INTO outbox SELECT dedupe_key, to_address, subject_line, why FROM owed WHERE number = ?"
BPMN = b"""<?xml version="1.0" encoding="UTF-8"?>
<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" targetNamespace="http://bpmn.io/schema/bpmn">
  <process id="remind" isExecutable="true">
    <startEvent id="begin"><outgoing>a</outgoing></startEvent>
    <sequenceFlow id="a" sourceRef="begin" targetRef="write"/>
    <scriptTask id="write"><incoming>a</incoming><outgoing>b</outgoing><script>write(number)</script></scriptTask>
    <sequenceFlow id="b" sourceRef="write" targetRef="end"/>
    <endEvent id="end"><incoming>b</incoming></endEvent>
  </process>
</definitions>
"""


def main(connection: sqlite3.Connection) -> float:
    """Begin and run a process for each case; gives the seconds that took."""
    engine = PythonScriptEngine(TaskDataEnvironment({"write": lambda number: connection.execute(WRITE, (number,))}))
    parser = BpmnParser()
    parser.add_bpmn_str(BPMN)
    spec, serializer = parser.get_spec("remind"), BpmnWorkflowSerializer()
    start = time.perf_counter()
    connection.execute("BEGIN IMMEDIATE")
    for number in range(CASES):
        begun = BpmnWorkflow(spec, script_engine=engine)
        begun.get_next_task().data["number"] = number
        connection.execute("INSERT INTO process VALUES (?, ?)", (number, serializer.serialize_json(begun)))
    connection.execute("COMMIT")
    for number in range(CASES):
        ((kept,),) = connection.execute("SELECT body FROM process WHERE number = ?", (number,))
        workflow = serializer.deserialize_json(kept)
        workflow.script_engine = engine
        connection.execute("BEGIN IMMEDIATE")
        workflow.run_all()
        if not workflow.is_completed():
            raise RuntimeError(f"The process of case {number} did not come to its end.")
        connection.execute(
            "UPDATE process SET body = ? WHERE number = ?", (serializer.serialize_json(workflow), number)
        )
        connection.execute("COMMIT")
    return time.perf_counter() - start


with closing(sqlite3.connect(ADDRESS, isolation_level=None)) as connection:
    for setting in ("PRAGMA journal_mode = WAL", "PRAGMA synchronous = FULL"):
        connection.execute(setting)
    connection.execute("CREATE TABLE process (number INTEGER PRIMARY KEY, body TEXT)")
    print(json.dumps({"seconds": main(connection)}))
