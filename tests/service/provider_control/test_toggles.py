"""The rules of switching, without a database."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.errors import InvalidField
from service.provider_control.toggles import RuntimeToggles, ToggleState, consequences

NAMES = ("quimbi", "stub", "fallback")
CONFIGURED = ToggleState.as_configured(NAMES)
names = st.sampled_from(NAMES)

changes = st.one_of(
    st.tuples(names, st.booleans()).map(
        lambda change: lambda state: state.switched(change[0], enabled=change[1])
    ),
    st.tuples(names, st.integers(1, 3)).map(lambda place: lambda state: state.placed(*place)),
    st.lists(names, unique=True, min_size=1).map(lambda first: lambda state: state.arranged(first)),
    names.map(lambda name: lambda state: state.with_circuits_reset(name)),
)


@given(st.lists(changes))
def test_no_change_loses_or_adds_a_provider_and_a_reset_undoes_all_but_the_counts(made) -> None:
    state = CONFIGURED
    for change in made:
        state = change(state)
        assert sorted(state.order) == sorted(NAMES)
        assert set(state.enabled) == set(NAMES) - state.disabled
        assert [name for name in state.order if name in state.enabled] == list(state.enabled)
    assert state.reset().changes_nothing
    assert state.reset().circuit_resets == state.circuit_resets


@given(st.permutations(NAMES), names, st.integers(1, 3))
def test_a_placed_provider_stands_there_and_the_others_keep_their_order(order, name, position) -> None:
    state = CONFIGURED.arranged(order).placed(name, position)
    assert state.order[position - 1] == name
    assert [each for each in state.order if each != name] == [each for each in order if each != name]


@pytest.mark.parametrize("position", [0, -1, 4])
def test_there_is_no_place_beyond_the_last(position) -> None:
    with pytest.raises(InvalidField, match="from 1 to 3"):
        CONFIGURED.placed("stub", position)


@pytest.mark.parametrize(
    ("disabled", "told"),
    [
        ((), []),
        (("quimbi",), []),
        (("quimbi", "stub"), ["Only generic words"]),
        (("fallback",), ["No fallback"]),
        (NAMES, ["No provider is enabled"]),
    ],
)
def test_what_a_state_means_for_the_desk_is_told(disabled, told) -> None:
    state = CONFIGURED
    for name in disabled:
        state = state.switched(name, enabled=False)
    found = consequences(state, {"fallback"})
    assert len(found) == len(told)
    assert all(text in sentence for text, sentence in zip(told, found, strict=True))


def test_a_generic_provider_that_is_placed_first_is_told_to_come_last_all_the_same() -> None:
    (told,) = consequences(CONFIGURED.placed("fallback", 1), {"fallback"})
    assert "asked after the others" in told


# ---------------------------------------------------------------- what a process holds to


def version(number: int, **fields) -> ToggleState:
    return ToggleState(configured=NAMES, order=NAMES, version=number, **fields)


@pytest.fixture
def toggles() -> RuntimeToggles:
    return RuntimeToggles(NAMES)


def test_before_anybody_switched_what_is_configured_is_enabled(toggles) -> None:
    assert tuple(toggles.enabled()) == NAMES


def test_what_was_read_is_followed(toggles) -> None:
    toggles.follow(version(1, disabled=frozenset({"stub"})), instead_of=toggles.state)
    assert tuple(toggles.enabled()) == ("quimbi", "fallback")


def test_what_was_read_before_a_change_does_not_undo_it(toggles) -> None:
    held = toggles.state
    toggles.follow(version(2, disabled=frozenset({"stub"})))
    toggles.follow(version(1), instead_of=held)
    assert toggles.state.version == 2


def test_of_two_changes_the_newer_counts_in_whichever_order_they_are_told(toggles) -> None:
    toggles.follow(version(3))
    toggles.follow(version(2, disabled=frozenset({"stub"})))
    assert tuple(toggles.enabled()) == NAMES


def test_a_database_that_was_restored_to_an_older_version_is_followed(toggles) -> None:
    toggles.follow(version(5))
    toggles.follow(version(3, disabled=frozenset({"stub"})), instead_of=toggles.state)
    assert toggles.state.version == 3


def test_each_reset_of_circuits_is_told_once(toggles) -> None:
    assert toggles.follow(version(1, circuit_resets={"quimbi": 2, "gone": 1})) == ["quimbi"]
    assert toggles.follow(version(2, circuit_resets={"quimbi": 2, "stub": 1})) == ["stub"]
    assert toggles.follow(version(2), instead_of=toggles.state) == []
