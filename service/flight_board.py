"""Which provider calls are under way in any process, told through Redis."""

import re
import secrets
from collections.abc import Sequence
from typing import cast

from redis import Redis
from redis.exceptions import RedisError, ResponseError

from providers.ports import Claim, FlightBoard, Sighting
from service.redis_gate import RedisGate

LONGEST_CLAIM_S = 600.0
NOTE_TTL_S = 5
"""How long a note waits for those who watch; they look many times a second."""

_TOKEN = re.compile(rb"[0-9a-f]{32}")
_NOTE = re.compile(rb"[\x21-\x7e]{1,200}")

CLAIM = """
if redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2]) then
  return false
end
return redis.call('GET', KEYS[1])
"""

LAND = """
if redis.call('GET', KEYS[1]) == ARGV[1] then
  redis.call('DEL', KEYS[1])
end
if ARGV[2] ~= '' then
  redis.call('SET', KEYS[2], ARGV[2], 'EX', ARGV[3])
end
"""


class RedisFlightBoard(FlightBoard):
    """`flight:<key>` holds the token of the flight that has the key, `flight:<key>:<token>` that one's note.

    What another program left under such a key is no flight of ours: there is no board for that key then.
    """

    def __init__(self, client: Redis, gate: RedisGate, *, key_prefix: str) -> None:
        self._client = client
        self._gate = gate
        self._prefix = key_prefix
        self._claim = client.register_script(CLAIM)
        self._land = client.register_script(LAND)

    def claim(self, key: str, *, ttl_s: float) -> Claim | None:
        if not self._gate.is_open():
            return None
        token = secrets.token_hex(16)
        ttl_ms = max(1, int(1000 * min(ttl_s, LONGEST_CLAIM_S)))
        try:
            holder: bytes | None = self._claim(keys=[self._key(key)], args=[token, ttl_ms])
        except RedisError as error:
            self._failed(error)
            return None
        if holder is None:
            return Claim(key=key, token=token, mine=True)
        if not _TOKEN.fullmatch(holder):
            return None
        return Claim(key=key, token=holder.decode(), mine=False)

    def look(self, claim: Claim) -> Sighting | None:
        if not self._gate.is_open():
            return None
        try:
            seen = self._client.mget(self._key(claim.key), self._note_key(claim))
        except RedisError as error:
            self._failed(error)
            return None
        holder, note = cast("Sequence[bytes | None]", seen)  # the client does not decode
        if note is not None and _NOTE.fullmatch(note):
            return Sighting(flying=False, note=note.decode())
        return Sighting(flying=holder == claim.token.encode())

    def land(self, claim: Claim, note: str | None) -> None:
        if not self._gate.is_open():
            return
        keys = [self._key(claim.key), self._note_key(claim)]
        try:
            self._land(keys=keys, args=[claim.token, note or "", NOTE_TTL_S])
        except RedisError as error:
            self._failed(error)

    def _key(self, key: str) -> str:
        return f"{self._prefix}flight:{key}"

    def _note_key(self, claim: Claim) -> str:
        return f"{self._key(claim.key)}:{claim.token}"

    def _failed(self, error: RedisError) -> None:
        # A refusal, such as a list where a token should be, is an answer: Redis itself is there.
        if not isinstance(error, ResponseError):
            self._gate.failed(error)
