"""Only what Stripe has signed becomes an event, and whatever else comes ends in one error."""

from __future__ import annotations

import gc
import json
import random
import string
import time
import traceback
from typing import TYPE_CHECKING, Any

import pytest
import stripe

from stripe_lint.runtime import ConfigurationError, Reason, SecretsUnavailable, VerificationError, Verifier
from stripe_lint.runtime.signing_secrets import SigningSecrets
from stripe_lint.runtime.testing import SECRET, event, signed_request

if TYPE_CHECKING:
    from collections.abc import Callable

OTHER = "whsec_9f2d8c7b6a5e4f3d2c1b0a9f8e7d6c5b"
CANARY = "customer@canary.example"


def signature(payload: str, secret: str = SECRET, timestamp: float | None = None) -> str:
    """Made by the SDK itself, with what is in all of its releases."""
    moment = int(timestamp or time.time())
    return f"t={moment},v1={stripe.WebhookSignature._compute_signature(f'{moment}.{payload}', secret)}"


def refused(payload: bytes, header: Any, verifier: Verifier | None = None) -> Reason:
    with pytest.raises(VerificationError) as caught:
        (verifier or Verifier(SECRET)).verify(payload, header)
    error = caught.value
    assert error.__cause__ is None
    assert error.__context__ is None
    return error.reason


class TestSecrets:
    @pytest.mark.parametrize(
        "secrets",
        [
            "",
            " \t\n",
            [],
            [SECRET, ""],
            "whsec_",
            "whsec_...",
            "whsec_your_webhook_secret_here",
            "whsec_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
            "whsec_000000000000000000000000",
            "whsec_1234567890abcdefghijklmnop",
            "whsec_test_secret",
            "sk_" + "live_51Habcdefghijklmnopqrstuv",
            "rk_" + "test_51Habcdefghijklmnopqrstuv",
            "pk_" + "live_51Habcdefghijklmnopqrstuv",
            "None",
            "a-random-string-that-is-no-secret-of-stripes",
            "whsec_" + "\u00a0" * 32,
            [None],
            [SECRET.encode()],
            lambda: "",
        ],
    )
    def test_what_anybody_could_know_is_refused(self, secrets: Any) -> None:
        with pytest.raises(ConfigurationError) as caught:
            Verifier(secrets)
        for secret in [secrets] if isinstance(secrets, str) else []:
            assert len(secret.strip()) < 8 or secret.strip() not in str(caught.value)

    def test_genuine_secrets_are_not_mistaken_for_placeholders(self) -> None:
        chance = random.Random(4)
        for alphabet, length in ((string.ascii_letters + string.digits, 32), ("0123456789abcdef", 64)):
            for _ in range(10_000):
                assert SigningSecrets("whsec_" + "".join(chance.choices(alphabet, k=length))).current()

    def test_white_space_around_a_secret_does_no_harm(self) -> None:
        request = signed_request(event("invoice.paid"))
        assert Verifier(f" {SECRET}\n").verify(request.body, request.signature).slot == 0

    def test_the_slot_of_the_secret_that_matched_is_known(self) -> None:
        request = signed_request(event("invoice.paid"))
        verifier = Verifier([OTHER, SECRET])
        assert verifier.verify(request.body, request.signature).slot == 1
        assert refused(request.body, signed_request(request.body, secret=OTHER + "a").signature, verifier)

    def test_secrets_that_rotate_need_no_restart(self) -> None:
        current = [OTHER]
        verifier = Verifier(lambda: current)
        request = signed_request(event("invoice.paid"))
        assert refused(request.body, request.signature, verifier) is Reason.NO_MATCH
        current[:] = [SECRET, OTHER]
        assert verifier.verify(request.body, request.signature).slot == 0
        current[:] = [""]
        with pytest.raises(SecretsUnavailable, match="empty"):
            verifier.verify(request.body, request.signature)

    def test_no_secret_is_shown(self) -> None:
        verifier = Verifier([SECRET, OTHER])
        shown = f"{verifier!r} {verifier.__dict__!r}"
        assert SECRET not in shown
        assert OTHER not in shown


@pytest.mark.parametrize("tolerance", [0, -1, None, True, 3601, 1.5, "300", float("inf")])
def test_the_tolerance_cannot_be_switched_off(tolerance: Any) -> None:
    with pytest.raises(ConfigurationError):
        Verifier(SECRET, tolerance=tolerance)


class TestTime:
    @pytest.mark.parametrize(
        ("age", "reason"),
        [(295, None), (-295, None), (305, Reason.TOO_OLD), (-305, Reason.IN_THE_FUTURE), (10**8, Reason.TOO_OLD)],
    )
    def test_old_and_future_signatures_are_refused_alike(self, age: int, reason: Reason | None) -> None:
        request = signed_request(event("invoice.paid"), timestamp=time.time() - age)
        if reason:
            assert refused(request.body, request.signature) is reason
        else:
            assert Verifier(SECRET).verify(request.body, request.signature).event.type == "invoice.paid"

    def test_the_tolerance_is_the_given_one(self) -> None:
        request = signed_request(event("invoice.paid"), timestamp=time.time() - 20)
        assert refused(request.body, request.signature, Verifier(SECRET, tolerance=10)) is Reason.TOO_OLD


class TestWhatTheSdkTestsToo:
    """The cases of stripe-python's own tests of its webhooks, against this verification."""

    PAYLOAD = json.dumps(event("charge.succeeded", {"id": "ch_1", "object": "charge"}), indent=2)

    def verify(self, header: str | None) -> Any:
        return Verifier(SECRET).verify(self.PAYLOAD.encode(), header)

    def test_a_genuine_event(self) -> None:
        assert self.verify(signature(self.PAYLOAD)).event.object_id == "ch_1"

    def test_bytearray(self) -> None:
        verified = Verifier(SECRET).verify(bytearray(self.PAYLOAD.encode()), signature(self.PAYLOAD))
        assert verified.event.type == "charge.succeeded"

    def test_invalid_json(self) -> None:
        payload = "this is not valid JSON"
        assert refused(payload.encode(), signature(payload)) is Reason.UNUSABLE

    def test_an_invalid_header(self) -> None:
        assert refused(self.PAYLOAD.encode(), "bad_header") is Reason.MALFORMED_HEADER

    def test_a_malformed_header(self) -> None:
        header = "i'm not even a real signature header"
        assert refused(self.PAYLOAD.encode(), header) is Reason.MALFORMED_HEADER

    def test_no_signature_of_the_expected_scheme(self) -> None:
        header = signature(self.PAYLOAD).replace("v1=", "v0=")
        assert refused(self.PAYLOAD.encode(), header) is Reason.MALFORMED_HEADER

    def test_no_valid_signature(self) -> None:
        header = f"t={int(time.time())},v1={'ab' * 32}"
        assert refused(self.PAYLOAD.encode(), header) is Reason.NO_MATCH

    def test_a_short_signature(self) -> None:
        assert refused(self.PAYLOAD.encode(), f"t={int(time.time())},v1=bad_signature") is Reason.MALFORMED_HEADER

    def test_a_timestamp_outside_of_the_tolerance(self) -> None:
        assert refused(self.PAYLOAD.encode(), signature(self.PAYLOAD, timestamp=12345678)) is Reason.MALFORMED_HEADER
        assert refused(self.PAYLOAD.encode(), signature(self.PAYLOAD, timestamp=time.time() - 500)) is Reason.TOO_OLD

    def test_one_of_several_signatures_is_valid(self) -> None:
        genuine = signature(self.PAYLOAD)
        assert self.verify(f"{genuine},v1={'ab' * 32}").slot == 0
        moment, _, rest = genuine.partition(",")
        assert self.verify(f"{moment},v1={'ab' * 32},{rest}").slot == 0

    def test_another_scheme_beside_it_is_ignored(self) -> None:
        assert self.verify(
            signature(self.PAYLOAD) + ",v0=6ffbb59b2300aae63f272406069a9788598b792a944a07aba816edb039989a39"
        )

    def test_the_timestamp_is_not_checked_without_a_valid_signature_of_it(self) -> None:
        moved = signature(self.PAYLOAD, timestamp=time.time() - 500)
        header = f"t={int(time.time())},{moved.partition(',')[2]}"
        assert refused(self.PAYLOAD.encode(), header) is Reason.NO_MATCH


class TestHeaders:
    @pytest.mark.parametrize(
        "change",
        [
            lambda header: None,
            lambda header: "",
            lambda header: header.encode(),
            lambda header: header.replace("v1=", "v1=\u00e9"),
            lambda header: header.replace("t=", "t= "),
            lambda header: header.replace("t=", "t=0"),
            lambda header: header.replace("t=", "t=+"),
            lambda header: header.replace("t=", "t=1_"),
            lambda header: header.replace("t=1", "t=\u0661"),
            lambda header: header.upper(),
            lambda header: header.replace(",", ", "),
            lambda header: header + "=junk",
            lambda header: f"t={int(time.time())}," + header,
            lambda header: header + "," + header,
            lambda header: header + ",t",
            lambda header: header + ",",
            lambda header: header + f",v1={'a' * 64}" * 16,
            lambda header: header + ",x=" + "y" * 5000,
            lambda header: header.partition(",")[0],
            lambda header: header.partition(",")[2],
            lambda header: header + "\n",
        ],
    )
    def test_no_other_spelling_of_a_header_is_accepted(self, change: Callable[[str], Any]) -> None:
        request = signed_request(event("invoice.paid"))
        header = change(request.signature)
        expected = Reason.MALFORMED_HEADER if header else Reason.MISSING_HEADER
        assert refused(request.body, header) is expected


class TestContent:
    @pytest.mark.parametrize(
        "body",
        [
            b"",
            b"[]",
            b"1",
            b'"text"',
            b"null",
            b"{}",
            b'{"a": NaN}',
            b"\xef\xbb\xbf{}",
            b"[" * 100_000 + b"]" * 100_000,
        ],
    )
    def test_signed_content_that_is_no_event_is_unusable(self, body: bytes) -> None:
        assert refused(body, signed_request(body).signature) is Reason.UNUSABLE

    @pytest.mark.parametrize(
        "fields",
        [
            {"id": None},
            {"id": "evt_"},
            {"id": "evt_1\n"},
            {"id": "ch_1"},
            {"id": "evt_" + "x" * 256},
            {"id": 5},
            {"object": "charge"},
            {"object": None},
            {"type": ""},
            {"type": 5},
            {"livemode": None},
            {"livemode": "true"},
            {"created": None},
            {"created": "yesterday"},
            {"created": True},
            {"created": -1},
            {"data": None},
            {"data": []},
            {"account": 5},
        ],
    )
    def test_each_field_of_an_event_is_checked(self, fields: dict[str, Any]) -> None:
        request = signed_request({**event("invoice.paid"), **fields})
        assert refused(request.body, request.signature) is Reason.UNUSABLE

    def test_a_name_that_occurs_twice_is_unusable(self) -> None:
        body = (
            json.dumps(event("invoice.paid"))
            .encode()
            .replace(b'"livemode": false', b'"livemode": false, "livemode": true')
        )
        assert refused(body, signed_request(body).signature) is Reason.UNUSABLE

    @pytest.mark.parametrize(("depth", "usable"), [(90, True), (120, False)])
    def test_content_may_be_deep_and_not_deeper(self, depth: int, usable: bool) -> None:
        nested: Any = {}
        for _ in range(depth):
            nested = [nested]
        request = signed_request(event("invoice.paid", {"id": "in_1", "nested": nested}))
        if usable:
            assert Verifier(SECRET).verify(request.body, request.signature)
        else:
            assert refused(request.body, request.signature) is Reason.UNUSABLE

    def test_bytes_that_are_no_text_are_refused_unsigned_and_signed(self) -> None:
        body = json.dumps(event("invoice.paid")).encode() + b"\xff"
        assert refused(body, signed_request(body).signature) is Reason.BODY_NOT_UTF8
        assert refused(body, f"t={int(time.time())},v1={'ab' * 32}") is Reason.BODY_NOT_UTF8

    @pytest.mark.parametrize("payload", ["text", {"id": "evt_1"}, None])
    def test_a_body_that_something_has_parsed_is_a_mistake_of_the_program(self, payload: Any) -> None:
        with pytest.raises(TypeError, match="raw body"):
            Verifier(SECRET).verify(payload, f"t={int(time.time())},v1={'ab' * 32}")


class TestEvents:
    def test_a_snapshot_event(self, realistic: dict[str, Any]) -> None:
        request = signed_request(realistic)
        found = Verifier(SECRET).verify(request.body, request.signature).event
        assert (found.id, found.type, found.created) == (realistic["id"], "checkout.session.completed", 1795000000)
        assert (found.livemode, found.account, found.thin) == (False, None, False)
        assert found.data == realistic["data"]
        assert found.object["metadata"]["order_id"] == "4711"
        assert found.request_key == realistic["request"]["idempotency_key"]
        assert found.api_version == "2026-10-28.endive"
        rendered = found.to_stripe_event()
        assert isinstance(rendered, stripe.Event)
        assert rendered.data.object.customer_details.address.city == "Dublin"

    def test_a_thin_event(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(stripe, "api_key", "sk_test_123")
        thin = {
            "id": "evt_test_65R9Ijk8dKEYZcXeRWn16R9A7j1FSQ3w3TGDPLLGSM4CW0",
            "object": "v2.core.event",
            "type": "v1.billing.meter.error_report_triggered",
            "livemode": False,
            "created": "2026-11-21T08:00:00.000Z",
            "context": "acct_1",
            "related_object": {"id": "mtr_1", "type": "billing.meter", "url": "/v1/billing/meters/mtr_1"},
            "reason": {"type": "request", "request": {"id": "req_1", "idempotency_key": "k"}},
        }
        request = signed_request(thin)
        found = Verifier(SECRET).verify(request.body, request.signature).event
        assert (found.thin, found.account, found.created) == (True, "acct_1", 1795248000)
        assert (found.object_id, found.request_key, found.data) == ("mtr_1", "k", {})
        if hasattr(stripe, "ThinEvent") or hasattr(stripe.StripeClient, "parse_event_notification"):
            assert found.to_stripe_event().related_object.id == "mtr_1"
        else:
            with pytest.raises(ConfigurationError, match="stripe 11"):
                found.to_stripe_event()

    def test_what_varies_between_deliveries_does_not_change_the_digest(self) -> None:
        first = event("invoice.paid")
        digests = []
        for changed in (first, {**first, "pending_webhooks": 12}, {**first, "created": 5}):
            request = signed_request(changed)
            digests.append(Verifier(SECRET).verify(request.body, request.signature).event.digest())
        assert digests[0] == digests[1] != digests[2]


def test_an_error_tracker_finds_neither_body_nor_secret() -> None:
    """Trackers read the exception, its chain, and the local variables of every frame below the catching one."""
    bodies = [
        json.dumps(event("invoice.paid", {"email": CANARY})).encode(),
        f'{{"email": "{CANARY}"'.encode(),
        f"{CANARY}".encode() + b"\xff",
    ]
    for body in bodies:
        for header in (signed_request(body).signature, signed_request(body, secret=OTHER).signature, "bad", None):
            verifier = Verifier(SECRET)
            try:
                verifier.verify(body, header)
            except VerificationError as error:
                seen = [repr(error), repr(error.args), repr(vars(error)), *traceback.format_exception(error)]
                frames = traceback.walk_tb(error.__traceback__)
                seen += [repr(frame.f_locals) for frame, _ in list(frames)[1:]]
                text = "\n".join(seen)
                assert CANARY not in text
                assert SECRET not in text
    gc.collect()
