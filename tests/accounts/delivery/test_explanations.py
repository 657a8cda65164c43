"""What the office reads beside an SMS that did not go: something of every error that the gateways' documents name."""

import pytest

from accounts.delivery import explanations
from tests.accounts.delivery import test_alibaba_gateway, test_tencent_gateway

ALIBABA = [f"alibaba {code}" for code, _kind in test_alibaba_gateway.CASES]
TENCENT = [f"tencent {code}" for codes in test_tencent_gateway.KINDS.values() for code in codes.split()]
OTHERS = [
    "ConnectionRefused", "ReadTimeout", "ProxyError", "no template bind", "alibaba no BizId", "tencent no status",
    "campus no token", "campus http 401", "campus http 302", "campus no answer", "campus http 500", "twilio 21211",
]  # fmt: skip
NEWER = {"alibaba isp.SYSTEM_ERROR", "alibaba InternalError", "tencent FailedOperation.WhatNobodyKnowsYet"}


@pytest.mark.parametrize("error", sorted({*ALIBABA, *TENCENT, *OTHERS} - NEWER))
def test_it_is_said_in_words(error: str) -> None:
    assert explanations.of(error)


@pytest.mark.parametrize("error", ["", "campus 4711", "twilio 99999"])
def test_nothing_is_said_where_nothing_is_known(error: str) -> None:
    assert explanations.of(error) == ""
