"""Who came in, on the web and with mail programs, and who did not: wrong passwords, and bans."""

from collections import defaultdict

from django.utils.translation import gettext as _

from accounts.lib import ways_in
from accounts.maillogins.models import MailLogin
from portal.office.dashboard import charts, lists
from portal.office.dashboard.charts import Chart, Series, number, share
from portal.office.dashboard.periods import Days
from portal.office.overview import figures
from portal.office.overview.figures import Name


def sign_ins(days: Days) -> list[Chart]:
    listing = lists.events()
    names: dict[str, tuple[str, ...]] = {
        _("with a code"): ("code",),
        _("by another way"): ("app", "passkey", "recovery code", "elsewhere"),
        _("by trusted browser"): ("trusted browser",),
        _("without two-step"): ("password",),
    }
    series = [
        Series(
            name,
            days.sums(Name.SIGN_IN, *methods),
            listing.url(days, kind__exact="signed_in", detail__method__in=",".join(methods)),
        )
        for name, methods in names.items()
    ]
    total = sum(one.sum for one in series)
    refused = days.sums(Name.SIGN_IN, figures.REFUSED)
    series.append(Series(_("refused"), refused, listing.url(days, kind__exact=figures.REFUSED)))
    says = _("people let in; refused sign-ins are counted in addition")
    chart = Chart("sign-ins", _("Sign-ins on the web"), number(total), says)
    return [charts.columns(days, chart, listing, series)]


def mail_logins(days: Days) -> list[Chart]:
    listing, keys = lists.mail(), days.keys(Name.MAIL_LOGIN)
    total = sum(days.sums(Name.MAIL_LOGIN, *keys))
    series = [
        Series(
            str(label),
            days.sums(Name.MAIL_LOGIN, *(key for key in keys if key.rpartition(" ")[2] == method)),
            listing.url(days, method__exact=method),
        )
        for method, label in MailLogin.Method.choices
    ]
    old = series[1].sum
    chart = Chart(
        "mail-logins",
        _("Mail logins by method"),
        headline=number(total),
        says=_("logins of mail programs; %(share)s with the mailbox password") % {"share": share(old, total)},
    )
    protocols: dict[str, list[str]] = defaultdict(list)
    for key in keys:
        protocols[key.partition(" ")[0]].append(key)
    bars = []
    for protocol, of in protocols.items():
        count = sum(days.sums(Name.MAIL_LOGIN, *of))
        text = f"{share(count, total)} · {number(count)}"
        bars.append((ways_in.name(protocol), count, text, listing.url(days, protocol__exact=protocol)))
    by_protocol = Chart("mail-protocols", _("Mail logins by protocol"), note=listing.note(days))
    return [
        charts.columns(days, chart, listing, series),
        charts.bars(by_protocol, sorted(bars, key=lambda bar: -bar[1])),
    ]


CHANNELS = ("web", "imap", "pop3", "smtp", "sieve")


def failures(days: Days) -> list[Chart]:
    listing = lists.failures()
    names = (_("web"), "IMAP", "POP3", "SMTP", "Sieve")
    series = [
        Series(name, days.sums(Name.FAILURE, channel), listing.url(days, channel__exact=channel))
        for channel, name in zip(CHANNELS, names, strict=True)
    ]
    total = sum(one.sum for one in series)
    chart = Chart("failures", _("Wrong passwords"), number(total), _("wrong passwords, by the way in"))
    return [charts.columns(days, chart, listing, series)]


def bans(days: Days) -> list[Chart]:
    listing = lists.bans()
    series = [
        Series(_("whole address"), days.sums(Name.BAN, figures.ADDRESS), listing.url(days, whole="yes")),
        Series(_("one account at an address"), days.sums(Name.BAN, figures.ACCOUNT), listing.url(days, whole="no")),
    ]
    total = sum(one.sum for one in series)
    return [charts.columns(days, Chart("bans", _("Bans"), number(total), _("bans began")), listing, series)]
