import re
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from providers.resilience.cache_keys import key_of, keys_of
from tests.providers.resilience.questions import analysis, churn, draft, ltv


@pytest.mark.parametrize(
    ("request_", "key"),
    [
        (analysis("cust_123"), "customer_intel:cust_123"),
        (churn(), "churn_prediction:cust_123"),
        (ltv(6), "ltv_forecast:cust_123:6"),
        (analysis("a.B-9_"), "customer_intel:a.B-9_"),
        (analysis("a b/ü:~\n"), "customer_intel:a%20b%2F%C3%BC%3A%7E%0A"),
    ],
)
def test_keys_are_what_operators_look_for(request_, key):
    assert key_of(request_) == key


def test_texts_and_other_churn_windows_have_no_key():
    assert key_of(draft()) is None
    assert key_of(churn(45)) is None


@given(st.text())
def test_an_id_in_a_key_is_plain_and_can_be_read_back(customer_id):
    key = key_of(analysis(customer_id))
    assert re.fullmatch(r"customer_intel:[A-Za-z0-9._%-]*", key)
    assert unquote(key.removeprefix("customer_intel:"), errors="surrogatepass") == customer_id


def test_no_key_of_a_customer_is_left_out():
    keys = keys_of("cust_123")
    assert {key_of(analysis()), key_of(churn())} < set(keys)
    assert {key_of(ltv(months)) for months in range(1, 37)} < set(keys)
    assert len(keys) == len(set(keys)) == 38
