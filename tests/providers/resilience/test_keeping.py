import pytest

from providers.models import Capability, Source
from providers.resilience.keeping import Keeping
from providers.testing.fakes import InMemorySnapshotStore, ScriptedProvider, sample_answer
from tests.providers.resilience.questions import analysis, draft, soon


@pytest.fixture
def snapshots() -> InMemorySnapshotStore:
    return InMemorySnapshotStore()


@pytest.fixture
def keeping(snapshots, clock) -> Keeping:
    return Keeping(ScriptedProvider("quimbi", clock=clock), snapshots=snapshots, clock=clock)


@pytest.mark.parametrize(
    "changes", [{"source": Source.CACHE}, {"degraded": True}, {"source": Source.FALLBACK}]
)
def test_only_fresh_and_whole_answers_are_kept(keeping, snapshots, clock, changes):
    answer = sample_answer(Capability.ANALYZE, analysis(), "quimbi", clock.now())
    keeping.inner.script(Capability.ANALYZE, answer.with_provenance(**changes))
    keeping.analyze(analysis(), soon(clock))
    assert len(snapshots) == 0
    keeping.inner.script(Capability.ANALYZE, answer)
    keeping.analyze(analysis(), soon(clock))
    assert len(snapshots) == 1


def test_texts_are_not_kept(keeping, snapshots, clock):
    keeping.draft_reply(draft(), soon(clock))
    assert len(snapshots) == 0


def test_what_happened_while_the_provider_was_asked_leaves_the_answer_outdated(keeping, snapshots, clock):
    def answer_slowly(request, _deadline):
        clock.advance(1)
        snapshots.mark_outdated("cust_123", clock.now())
        clock.advance(1)
        return sample_answer(Capability.ANALYZE, request, "quimbi", clock.now())

    keeping.inner.script(Capability.ANALYZE, answer_slowly)
    answer = keeping.analyze(analysis(), soon(clock))
    (kept,) = snapshots.held(
        Capability.ANALYZE, analysis(), providers=["quimbi"], not_before=answer.provenance.as_of
    )
    assert kept.outdated
