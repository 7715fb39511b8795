import json

import pytest

BAD = {"ENVIRONMENT": "production", "SECRET_KEY": "short", "PORT": "many"}


@pytest.mark.parametrize("arguments", [("seed",), ("db", "upgrade"), ("run",)])
def test_a_command_lists_every_fault_and_ends(flask_process, arguments):
    ended = flask_process(*arguments, **BAD)
    assert ended.returncode == 2
    assert "PORT: " in ended.stderr
    assert "SECRET_KEY: " in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_key_can_be_made_before_the_settings_are_sound(flask_process):
    ended = flask_process("keys", "make", "web", "desk", **BAD)
    assert ended.returncode == 0
    assert "sd_" in ended.stdout
    assert ended.stderr == ""


def test_the_doctor_names_the_faults_as_checks(flask_process):
    ended = flask_process("doctor", "--json", **BAD)
    assert ended.returncode == 1
    assert {check["name"] for check in json.loads(ended.stdout)["checks"]} == {"PORT", "SECRET_KEY"}


def test_a_log_file_that_cannot_be_opened_is_a_fault_of_the_settings(flask_process, sqlite_url, tmp_path):
    (tmp_path / "file").touch()
    environment = {
        "SECRET_KEY": "s" * 32,
        "DATABASE_URL": sqlite_url,
        "LOG_FILE": str(tmp_path / "file" / "log"),
    }
    ended = flask_process("seed", "--force-in-production", **environment)
    assert ended.returncode == 2
    assert "LOG_FILE: " in ended.stderr


def test_help_works_without_sound_settings(flask_process):
    ended = flask_process("--help", **BAD)
    assert ended.returncode == 0
    assert {"doctor", "jobs", "keys", "providers", "seed"} <= set(ended.stdout.split())
