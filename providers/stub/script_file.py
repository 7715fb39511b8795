"""The script as a file: read, checked, and read anew when it changes."""

import json
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

import structlog
from marshmallow import Schema, ValidationError, fields, post_load, pre_load, validate, validates_schema

from providers.models import Capability
from providers.settings import SettingsError
from providers.stub.answers import check_override
from providers.stub.faults import FAULTS, Fault
from providers.stub.script import Rule, Script

VARIABLE = "STUB_SCRIPT"
LONGEST_S = 86_400

log = structlog.get_logger(__name__)

_seconds = validate.Range(0, LONGEST_S)


class FaultSchema(Schema):
    error = fields.String(required=True, validate=validate.OneOf(sorted(FAULTS)))
    retry_after_s = fields.Float(load_default=None, validate=_seconds)

    @pre_load
    def _accept_a_name(self, fault: object, **_: Any) -> object:
        return {"error": fault} if isinstance(fault, str) else fault

    @post_load
    def _make(self, fault: dict[str, Any], **_: Any) -> Fault:
        return Fault(FAULTS[fault["error"]], fault["retry_after_s"])


class RuleSchema(Schema):
    customer = fields.String(load_default=None, validate=validate.Length(1, 200))
    capability = fields.Enum(Capability, by_value=True, load_default=None)
    answer = fields.Dict(keys=fields.String(), load_default=None)
    fault = fields.Nested(FaultSchema, load_default=None)
    delay_s = fields.Float(load_default=0.0, validate=_seconds)
    times = fields.Integer(load_default=None, strict=True, validate=validate.Range(1))

    @validates_schema
    def _check_answer(self, rule: dict[str, Any], **_: Any) -> None:
        answer, capability = rule["answer"], rule["capability"]
        if answer is None:
            return
        if capability is None:
            raise ValidationError("Name the capability whose answer this changes.", "answer")
        if rule["fault"] is not None:
            raise ValidationError("Script either an answer or a fault.", "answer")
        try:
            check_override(capability, answer)
        except ValueError as error:
            raise ValidationError(str(error), "answer") from error

    @post_load
    def _make(self, rule: dict[str, Any], **_: Any) -> Rule:
        return Rule(**rule)


class ScriptSchema(Schema):
    rules = fields.List(fields.Nested(RuleSchema), required=True)

    @post_load
    def _make(self, script: dict[str, Any], **_: Any) -> Script:
        return Script(script["rules"])


class ScriptFault(Exception):
    """The file cannot be used; the message says where and why."""


def parse_script(text: str) -> Script:
    """Raises `ScriptFault`."""
    try:
        written = json.loads(text, parse_constant=_refuse_constant)
        script: Script = ScriptSchema().load(written)
    except ValidationError as error:
        raise ScriptFault(json.dumps(error.messages)) from error
    except (ValueError, RecursionError) as error:
        raise ScriptFault(f"not JSON: {error}") from error
    return script


def parse_rule(written: Mapping[str, Any]) -> Rule:
    """One rule as it would stand in the file. Raises `ScriptFault`."""
    try:
        rule: Rule = RuleSchema().load(written)
    except ValidationError as error:
        raise ScriptFault(json.dumps(error.messages)) from error
    return rule


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number")


class _Version(NamedTuple):
    modified_ns: int
    size: int
    inode: int


class ScriptFile:
    """The script that holds now. One that turns bad is logged, and the last good one goes on."""

    def __init__(self, path: Path) -> None:
        """Raises `SettingsError` where the file is bad from the start."""
        self._path = path
        self._lock = threading.Lock()
        try:
            self._version: _Version | None = self._look()
            self._script = self._read()
        except (OSError, ScriptFault) as error:
            raise SettingsError({VARIABLE: [f"Mend or unset it: {error}"]}) from error

    def current(self) -> Script:
        with self._lock:
            try:
                version = self._look()
            except OSError:
                version = None
            if version != self._version:
                self._version = version
                self._reload()
            return self._script

    def _reload(self) -> None:
        try:
            self._script = self._read()
        except (OSError, ScriptFault) as error:
            log.error("stub_script_refused", path=str(self._path), fault=str(error))  # noqa: TRY400  # no trace: the fault says all
        else:
            log.info("stub_script_read", path=str(self._path), rules=len(self._script.rules))

    def _look(self) -> _Version:
        status = self._path.stat()
        return _Version(status.st_mtime_ns, status.st_size, status.st_ino)

    def _read(self) -> Script:
        try:
            return parse_script(self._path.read_text(encoding="utf-8"))
        except UnicodeDecodeError as error:
            raise ScriptFault("not UTF-8") from error
