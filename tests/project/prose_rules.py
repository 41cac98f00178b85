"""The words that must not come back, each with a reason and a suggestion.

A rule is a regular expression over lower-case text in which `_` and a change of case count as
spaces, so one rule covers prose and identifiers. A match inside an allowed context is not reported.
"""

import re
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Rule:
    """One refused word or phrase. `allowed` matches the contexts in which it is the usual term."""

    pattern: str
    reason: str
    use: str
    allowed: str = ""


@dataclass(frozen=True, slots=True)
class Finding:
    """A match of a rule. `line` counts from one."""

    line: int
    text: str
    rule: Rule

    def __str__(self) -> str:
        return f"{self.line}: '{self.text}': {self.rule.reason}; use {self.rule.use}"


_METAPHOR: Final = "a metaphor of this project"
_VAGUE: Final = "an indefinite subject"
_PERSON: Final = "personification"
_OLD: Final = "an old name"
_INVERTED: Final = "an inverted sentence"
_OWN: Final = "(?:its|their|our|his|her|your|my|ones|one s)"

RULES: Final = (
    Rule(r"houses?", _METAPHOR, "server, application context"),
    Rule(r"furnish(?:e[sd])?", _METAPHOR, "build"),
    Rule(r"rooms?", _METAPHOR, "package, space"),
    Rule(r"doors?|doorm[ae]n", _METAPHOR, "client, entry point, parameter"),
    Rule(r"desks?", _METAPHOR, "page"),
    Rule(r"errands?", _METAPHOR, "command"),
    Rule(r"farewells?", _METAPHOR, "logout notification"),
    Rule(r"heirs?", _METAPHOR, "successor"),
    Rule(
        r"letters?",
        _METAPHOR,
        "e-mail; 'exactly' for 'letter by letter'",
        allowed=r"(?:capital|small|case|latin|cyrillic|greek|ascii|one|two|six|confusable|each) "
        r"letters?|letters?(?:,| and| or) (?:digits?|figures|marks|numbers)"
        r"|letter[ -](?:case|spacing)"
        r"|letters of the alphabet",
    ),
    Rule(r"journeys?", _METAPHOR, "browser test, flow, login state"),
    Rule(r"arrivals?|depart(?:ures?|ed|s)?", _METAPHOR, "callback, upstream login"),
    Rule(r"tellers?", _METAPHOR, "sender"),
    Rule(
        r"famil(?:y|ies)",
        _OLD,
        "grant",
        allowed=r"family[ -]name|(?:font|address|socket|metric)[ -]famil(?:y|ies)|family="
        r"|family and given|given and family",
    ),
    Rule(r"wish(?:es|ed)?", _OLD, "request, PendingSignUp"),
    Rule(r"tickets?", _OLD, "token, link"),
    Rule(
        r"streets?",
        _METAPHOR,
        "setup",
        allowed=r"street address|(?:example|fake) street|street and number"
        r"|street\W+2\.5\.4\.9",
    ),
    Rule(r"ground", _METAPHOR, "setup"),
    Rule(r"stages?", _METAPHOR, "step, place"),
    Rule(r"landings?", _OLD, "redirect target"),
    Rule(r"dialects?", _OLD, "quirks"),
    Rule(r"(?:provider|is|or|deep|talks|answers) nonsense", _METAPHOR, "invalid, malformed"),
    Rule(r"guards?", _METAPHOR, "bearer authentication, check", allowed="type guard"),
    Rule(r"tempers?", _METAPHOR, "behaviour"),
    Rule(r"bells?", _METAPHOR, "wakeup"),
    Rule(r"happenings?", _OLD, "audit message, event"),
    Rule(r"heed(?:ed|s)?|doubtful|parting", _OLD, "the name in design/naming"),
    Rule(r"tallies|tally", _OLD, "count"),
    Rule(r"(?:an|the|one|every|its|signed|error) answers?", _OLD, "response"),
    Rule(r"by blanks|blanks", _OLD, "space-separated, spaces"),
    Rule(r"told|retold", _PERSON, "receives, is notified, is given"),
    Rule(r"hung up|hangs up|hang up", _PERSON, "disconnected"),
    Rule(r"let(?:s|ting)? go", _PERSON, "release, delete, clear"),
    Rule(r"whoever|whomever|whosoever", _VAGUE, "the subject by name: any client, a person who"),
    Rule(
        r"nobody|somebody|somebodys",
        _VAGUE,
        "the subject by name: no client, another person",
        allowed=r"(?:account|user) nobody|getpwnam\( nobody",
    ),
    Rule(rf"of {_OWN} own", "an ornament", "'its own …', 'a separate …', or nothing"),
    Rule(r"a go", "an idiom", "attempt"),
    Rule(r"mend(?:s|ed|ing)?", "an unusual word", "fix"),
    Rule(r"buys?", _METAPHOR, "gets, returns"),
    Rule(r"stands? behind", "an idiom", "runs, is responsible for"),
    Rule(r"hand(?:s|ed)? on", "an idiom", "forward"),
    Rule(r"thief|thieves", _METAPHOR, "attacker"),
    Rule(r"for ever", "an idiom", "permanently, without a limit"),
    Rule(r"for good(?! reason)", "an idiom", "permanently"),
    Rule(
        r"(?:only|never|nor|neither|so|thus|here|there) "
        r"(?:does|do|has|have|may|can|will) (?:the|a|an|it|they|this|we)",
        _INVERTED,
        "subject, verb, object",
        allowed=r"[a-z]+s (?:here|there) (?:do|have|may|can|will) (?:the|a|an)",
    ),
)


def _spaced(pattern: str) -> str:
    """`pattern` with each space standing for any white space, a line break included."""
    return pattern.replace(" ", r"\s+")


_ANY: Final = re.compile(rf"\b(?:{'|'.join(f'(?:{_spaced(rule.pattern)})' for rule in RULES)})\b")
_EACH: Final = tuple(
    (
        rule,
        re.compile(_spaced(rule.pattern)),
        re.compile(_spaced(rule.allowed)) if rule.allowed else None,
    )
    for rule in RULES
)
# The capital letter is first in the pattern: a search for it is fast.
_CAMEL: Final = re.compile(r"[A-Z](?:(?<=[a-z0-9].)|(?<=[A-Z].)(?=[a-z]))")
_NOISE: Final = "_'\"`’"
_MARGIN: Final = re.compile(r"\n[ ]*(?:#+|--|//|\*|f(?= ))?[ ]*")


def plain(text: str) -> str:
    """`text` in lower case, with the same lines, without what divides a phrase: line margins,
    quotes, underscores and changes of case."""
    text = _CAMEL.sub(r" \g<0>", text)
    for sign in _NOISE:
        text = text.replace(sign, " ")
    return _MARGIN.sub("\n", text.lower())


def findings(text: str) -> list[Finding]:
    """What the rules refuse in `text`, in the order of its lines."""
    flat = plain(text)
    found = []
    for match in _ANY.finditer(flat):
        rule, allowed = next((r, a) for r, p, a in _EACH if p.fullmatch(match[0]))
        if allowed is None or not _within(allowed, flat, match):
            phrase = " ".join(match[0].split())
            found.append(Finding(flat.count("\n", 0, match.start()) + 1, phrase, rule))
    return found


def _within(allowed: re.Pattern[str], text: str, match: re.Match[str]) -> bool:
    start = max(0, match.start() - 40)
    window = text[start : match.end() + 40]
    at, end = match.start() - start, match.end() - start
    return any(it.start() <= at and end <= it.end() for it in allowed.finditer(window))
