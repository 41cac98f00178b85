"""The errors of a form that a service refused: status, texts, and fields."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from quantimodo.accounts.errors import Busy, DomainError, InvalidInput, PasskeyRefused, TooMany
from quantimodo.model.texts import N_
from quantimodo.pages.errors import format_wait, retry_after
from quantimodo.pages.forms import Form, FormView

REFUSALS: Final = (InvalidInput, DomainError, TooMany, Busy)
Refusal = InvalidInput | DomainError | TooMany | Busy


@dataclass(frozen=True, slots=True)
class FormErrors:
    """The errors that a form shows; the key "" of `errors` is for the form as a whole. `because` is
    the reason for the log, a fixed text."""

    status: int
    errors: Mapping[str, str]
    because: str = "the form cannot be accepted"
    headers: Mapping[str, str] = field(default_factory=dict)

    def without_fields(self) -> "FormErrors":
        """The same errors for a page that does not have the fields of the form."""
        return replace(self, errors={"": " ".join(self.errors.values())})

    def view(self, form: Form, *names: str, chosen: Sequence[str] = ()) -> FormView:
        """The form with the entered values of the fields `names` (never a password)."""
        return FormView({name: form.one(name) for name in names}, self.errors, frozenset(chosen))


def form_errors(
    refusal: Refusal, *, field: str = "", names: Mapping[str, str] | None = None
) -> FormErrors:
    """`names` maps a service's fields to the form's, `field` is the field of a `DomainError`."""
    match refusal:
        case InvalidInput():
            shown = names or {}
            faults = {shown.get(key, key): text for key, text in refusal.faults.items()}
            return FormErrors(422, faults, f"the field {refusal.field} cannot be accepted")
        case PasskeyRefused():
            return FormErrors(400, {"": refusal.message}, refusal.reason)
        case DomainError():
            return FormErrors(400, {field: refusal.message}, refusal.message)
        case TooMany():
            wait = refusal.retry_after
            text = N_(
                "Too many tries. To protect the account, wait %(wait)s and try again.",
                wait=format_wait(wait),
            )
            return FormErrors(429, {"": text}, str(refusal), retry_after(wait))
        case Busy():
            text = N_("The server is busy. Nothing was changed; try again in a few seconds.")
            wait = refusal.retry_after
            return FormErrors(503, {"": text}, str(refusal), retry_after(wait))


def error_view(again: FormErrors | None) -> FormView:
    """A form without initial values: empty, or with the errors of what was sent."""
    return FormView() if again is None else FormView(errors=again.errors)
