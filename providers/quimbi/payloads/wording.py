"""Sentences for agents, made from the names that Quimbi sends."""

from collections.abc import Sequence

from providers.quimbi.payloads.reading import Reply


def in_words(name: str) -> str:
    """`send_winback_email` → `send winback email`."""
    return " ".join(name.replace("_", " ").split())


def sentence(words: str) -> str:
    if not words:
        return ""
    ending = "" if words[-1] in ".!?" else "."
    return words[0].upper() + words[1:] + ending


def guidance(style: Reply) -> tuple[str, ...]:
    """Advice on how to write, from `communication_style`: tone, emphasis and what to avoid."""
    tone = style.label("tone")
    advice = (
        f"use a {in_words(tone)} tone" if tone else "",
        _about("emphasize", style.texts("emphasis"), "and"),
        _about("avoid", style.texts("avoid"), "or"),
    )
    return tuple(sentence(words) for words in advice if words)


def intervention(step: Reply) -> str | None:
    """One of `recommended_interventions`: what to do, and when. None where it names no action."""
    action, timing = step.text("action"), step.text("timing")
    if action is None:
        return None
    return sentence(in_words(action) + (f", {in_words(timing)}" if timing else ""))


def _about(verb: str, names: Sequence[str], conjunction: str) -> str:
    if not names:
        return ""
    *others, last = map(in_words, names)
    listed = f"{', '.join(others)} {conjunction} {last}" if others else last
    return f"{verb} {listed}"
