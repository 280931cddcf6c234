"""An event file as TensorBoard's own writer makes it, to hold ours to.

    pip install tensorboard
    python test/golden/metrics/make.py

Writes test/golden/metrics/events.bin.
"""

from pathlib import Path

from tensorboard.compat.proto.event_pb2 import Event, SessionLog
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.summary.writer.record_writer import RecordWriter

ROWS = [
    (1, 1735689600.25, {"reward": 0.5, "critic/rewards/mean": -2.0}),
    (300, 1735689601.0, {"loss": float("nan"), "Größe": 1e-6}),
]


def scalars(step, wall_time, values):
    summary = Summary(value=[Summary.Value(tag=tag, simple_value=value) for tag, value in values.items()])
    return Event(wall_time=wall_time, step=step, summary=summary)


with open(Path(__file__).parent / "events.bin", "wb") as file:
    writer = RecordWriter(file)
    events = [
        Event(wall_time=1735689600.25, file_version="brain.Event:2"),
        Event(wall_time=1735689600.25, step=0, session_log=SessionLog(status=SessionLog.START)),
        Event(wall_time=1735689600.25, step=200, session_log=SessionLog(status=SessionLog.START)),
        *(scalars(*row) for row in ROWS),
    ]
    for event in events:
        writer.write(event.SerializeToString())
    writer.flush()
