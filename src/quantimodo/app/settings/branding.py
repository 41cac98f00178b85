"""Settings of the look of pages and e-mails, and of the links in their footer."""

from dataclasses import dataclass

from quantimodo.model.setting_declarations import setting


@dataclass(frozen=True, slots=True, kw_only=True)
class BrandingSettings:
    name: str = setting(
        "",
        "The name of the service on its pages; QuantiModo by default. For e-mails: smtp.service.",
    )
    logo: str = setting(
        "",
        "A PNG, JPEG or WebP file that is shown beside the name, at most 256 KiB; read at start.",
    )
    accent: str = setting(
        "",
        "The color of links and buttons as #rrggbb, in the light theme. It needs a contrast of"
        " 4.5:1 to the page (WCAG 1.4.3); the server does not start otherwise.",
    )
    accent_dark: str = setting(
        "",
        "The same color in the dark theme. By default the accent, lighter until its contrast"
        " suffices.",
    )
    support: str = setting(
        "",
        "Where people get help: an e-mail address or an https address. In the foot of each page.",
    )
    privacy_policy: str = setting(
        "", "The https address of the privacy policy. In the foot of each page."
    )
    imprint: str = setting(
        "", "The https address of the imprint (legal notice). In the foot of each page."
    )
    email_header: str = setting("", "A text that each e-mail begins with, on one line.")
    email_footer: str = setting(
        "", "A text below the signature of each e-mail, such as a postal address."
    )
    email_folder: str = setting(
        "",
        "A folder whose file email.html replaces the HTML of e-mails. It needs {{content}} once,"
        " and may have {{title}}, {{service}}, {{language}} and {{direction}}; read at start.",
    )
