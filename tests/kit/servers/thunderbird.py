"""Thunderbird as Debian ships it, with a fresh profile, on a screen that nobody sees. Its own remote control
(Marionette) types and clicks in its windows."""

import base64
import json
import os
import re
import socket
from pathlib import Path
from typing import Any
from urllib.parse import quote

from tests.kit.servers import free_port, need
from tests.kit.servers.programs import Program
from tests.kit.waiting import wait_until

ELEMENT = "element-6066-11e4-a52e-4f735466cecf"  # how WebDriver names what it found
INBOX = """
    const servers = MailServices.accounts.accounts.map(account => account.incomingServer);
    const root = servers.find(server => server.type == "imap")?.rootFolder;
    const inbox = root?.getFolderWithFlags(Ci.nsMsgFolderFlags.Inbox);
    const pane = document.getElementById("tabmail").currentAbout3Pane;
"""
HUB = "document.querySelector('account-hub-container')?.shadowRoot"
PAGE = """[...Services.wm.getEnumerator(null)].find(one => one.location.href.endsWith("browserRequest.xhtml"))
    ?.document.getElementById("requestFrame")"""
TEXT_PREFIX = re.compile("^account-hub-result-(security-|auth(entication)?-)?")

PREFERENCES = {
    # The world is one SOCKS proxy, names included.
    "network.proxy.type": 1,
    "network.proxy.socks": "127.0.0.1",
    "network.proxy.socks_version": 5,
    "network.proxy.socks_remote_dns": True,
    "network.proxy.socks5_remote_dns": True,
    "network.proxy.no_proxies_on": "",
    "network.proxy.failover_direct": False,
    "network.trr.mode": 5,
    # Nothing that a first start does beside asking for an account.
    "app.donation.eoy.version.viewed": 999,
    "app.update.enabled": False,
    "browser.startup.page": 0,
    "datareporting.policy.dataSubmissionPolicyBypassNotification": True,
    "extensions.update.enabled": False,
    "mail.rights.version": 1,
    "mail.shell.checkDefaultClient": False,
    "mail.spotlight.firstRunDone": True,
    "mail.winsearch.firstRunDone": True,
    "mailnews.auto_config.guess.enabled": False,  # it would try names and ports for a minute
    "mailnews.start_page.enabled": False,
    "mailnews.start_page_override.mstone": "ignore",
    "toolkit.telemetry.enabled": False,
}


class Thunderbird:
    def __init__(self, folder: Path, proxy_port: int) -> None:
        self.folder = folder
        self.port = free_port()
        self.preferences = PREFERENCES | {"marionette.port": self.port, "network.proxy.socks_port": proxy_port}
        self._programs: list[Program] = []
        self._socket: socket.socket | None = None
        self._number = 0

    def start(self) -> None:
        profile = self.folder / "profile"
        profile.mkdir()
        lines = [f"user_pref({json.dumps(name)}, {json.dumps(value)});" for name, value in self.preferences.items()]
        (profile / "user.js").write_text("\n".join(lines))
        environment = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
        environment |= {"HOME": str(self.folder), "DISPLAY": self._screen(), "MOZ_CRASHREPORTER_DISABLE": "1"}
        command = [need("thunderbird"), "--no-remote", "--profile", str(profile), "--marionette"]
        command += ["--remote-allow-system-access"]  # to the program's own windows
        self._programs.append(Program(command, self.folder / "thunderbird.log", environment, self.folder))
        self._socket = wait_until(self._connect, 60)
        self._read()  # who it is
        self._call("WebDriver:NewSession", capabilities={"alwaysMatch": {"acceptInsecureCerts": False}})
        self._call("Marionette:SetContext", value="chrome")

    def stop(self) -> None:
        if self._socket:
            self._socket.close()
        for program in reversed(self._programs):
            program.kill()

    def trust(self, authority: Path) -> None:
        """As if the operating system knew it."""
        lines = authority.read_text().splitlines()
        self.run(
            'Cc["@mozilla.org/security/x509certdb;1"].getService(Ci.nsIX509CertDB)'
            '.addCertFromBase64(arguments[0], "CT,,");',
            "".join(line for line in lines if not line.startswith("-----")),
        )

    def install(self, addon: Path) -> None:
        self._call("Addon:Install", path=str(addon), temporary=True)

    # --- The window of a provider -------------------------------------------------------------------------------------

    def provider_shows(self, path: str) -> None:
        self.wait_for(f"({PAGE})?.currentURI.filePath == arguments[0] && !{PAGE}.webProgress.isLoadingDocument", path)

    def has_provider_window(self) -> bool:
        return bool(self.run(f"return !!{PAGE};"))

    def provider_submits(self, **fields: str) -> None:
        """The form of its page."""
        script = (
            f"for (const [name, text] of Object.entries({json.dumps(fields)}))"
            "{ content.document.querySelector(`main [name=${name}]`).value = text; }"
            "content.document.querySelector(`main [name=${Object.keys(%s)[0]}]`).form.requestSubmit();"
        ) % json.dumps(fields)
        self.run(f"{PAGE}.messageManager.loadFrameScript(arguments[0], false);", "data:," + quote(script))

    # --- The account hub: the window that a first start shows ---------------------------------------------------------

    def enter_address(self, name: str, address: str) -> None:
        self.shows("emailAutoConfigSubview")
        self._call("WebDriver:ElementClear", id=self._find("#realName"))  # it proposes the computer's user
        self.type("#realName", name)
        self.type("#email", address)
        self.click("#emailFooter #forward")

    def enter_password(self, password: str) -> None:
        """After the servers have been found, or after a refusal."""
        if self._step() == ["emailConfigFoundSubview"]:
            self.click("#emailFooter #forward")
            self.shows("emailPasswordSubview")
        field = "#emailPasswordSubview #password"
        self._call("WebDriver:ElementClear", id=self._find(field))
        self.type(field, password)
        self.click("#emailFooter #forward")

    def finish(self) -> None:
        self.shows("emailAddedSuccessSubview")
        self.click("#emailFooter #forward")

    def wait_for_refusal(self) -> None:
        step = f"{HUB}.querySelector('#emailPasswordSubview')"
        header = f"{step}.shadowRoot.querySelector('account-hub-header')"
        self.wait_for(f"!!{header}?.shadowRoot.querySelector('.error:not([hidden])')")

    def shows(self, step: str) -> None:
        wait_until(lambda: self._step() == [step], 40)

    def _step(self) -> list[str]:
        steps = f"[...{HUB}?.querySelectorAll('.account-hub-step') ?? []]"
        shown: list[str] = self.run(f"return {steps}.filter(step => !step.hidden).map(step => step.id);")
        return shown

    def found(self) -> dict[str, list[str]]:
        """
        The servers as the account hub shows them. What both have: user name, encryption, kind of password; the names
        of the last two texts without the words in which releases differ.
        """
        parts = {way: [f"#{way}{part}" for part in ("Type", "Host", "Port")] for way in ("incoming", "outgoing")}
        parts["both"] = ["#sharedUsername", "#sharedSocketType", "#sharedAuthenticationType"]
        found = {way: [self._text(selector) for selector in selectors] for way, selectors in parts.items()}
        found["both"][1:] = [TEXT_PREFIX.sub("", name) for name in found["both"][1:]]
        return found

    def _text(self, selector: str) -> str:
        """Of an element, or the name of its text, which does not depend on the language."""
        script = f"const found = {HUB}.querySelector(arguments[0]); return found.dataset.l10nId ?? found.textContent;"
        return str(self.run(script, selector))

    def screenshot(self) -> None:
        """pytest keeps the folder when a test fails."""
        image = self._call("WebDriver:TakeScreenshot", full=False)["value"]
        (self.folder / "screenshot.png").write_bytes(base64.b64decode(image))

    # --- Mail ---------------------------------------------------------------------------------------------------------

    def subjects(self) -> list[str]:
        """Of the mails in the inbox, as far as they have been fetched."""
        mails = "return inbox ? [...inbox.messages].map(mail => mail.mime2DecodedSubject) : [];"
        found: list[str] = self.run(INBOX + mails)
        return found

    def get_mail(self) -> None:
        """As its button does."""
        self.run(f"{INBOX} inbox.getNewMessages(null, null);")

    def age_token(self) -> None:
        """As if the time of what it shows to the mail servers had passed."""
        self.run(
            """
            const { OAuth2Module } = ChromeUtils.importESModule("resource:///modules/OAuth2Module.sys.mjs");
            const held = new OAuth2Module();
            held.initFromMail(MailServices.accounts.defaultAccount.incomingServer);
            held._oauth.tokenExpires = 0;
            """
        )

    def open_mail(self) -> str:
        """The text of the first mail in the inbox, as the window shows it."""
        self.run(INBOX + "pane.displayFolder(inbox.URI); pane.threadTree.selectedIndex = 0;")
        browser = "pane.messageBrowser.contentWindow.getMessagePaneBrowser()"
        text = f"{INBOX} return {browser}.contentDocument?.body?.textContent.trim();"
        return str(wait_until(lambda: self.run(text), 30))

    def send(self, to: str, subject: str, text: str) -> None:
        """In a window for a new message."""
        self.run(
            """
            const fields = Cc["@mozilla.org/messengercompose/composefields;1"].createInstance(Ci.nsIMsgCompFields);
            [fields.to, fields.subject, fields.body] = arguments;
            const params = Cc["@mozilla.org/messengercompose/composeparams;1"].createInstance(Ci.nsIMsgComposeParams);
            params.composeFields = fields;
            params.identity = MailServices.accounts.defaultAccount.defaultIdentity;
            params.format = Ci.nsIMsgCompFormat.PlainText;
            MailServices.compose.OpenComposeWindowWithParams(null, params);
            """,
            to, subject, text,
        )  # fmt: skip
        window = "Services.wm.getMostRecentWindow('msgcompose')"
        button = f"{window}.document.getElementById('button-send')"
        self.wait_for(f"{window}?.gMsgCompose?.compFields.subject && !{button}.disabled")
        self.run(f"{button}.click();")

    # --- Remote control -----------------------------------------------------------------------------------------------

    def run(self, script: str, *arguments: Any) -> Any:
        """JavaScript in the main window, with the rights of the program; `await` may be used."""
        finish = "value => done([value]), error => done(String(error))"
        body = f"const done = arguments[arguments.length - 1]; (async () => {{ {script} }})().then({finish});"
        answer = self._call("WebDriver:ExecuteAsyncScript", script=body, args=list(arguments), sandbox="system")
        found = answer["value"]
        assert isinstance(found, list), found
        return found[0]

    def wait_for(self, condition: str, *arguments: Any, timeout: float = 30) -> Any:
        """An expression of JavaScript that becomes true."""
        return wait_until(lambda: self.run(f"return {condition};", *arguments), timeout)

    def type(self, selector: str, text: str) -> None:
        """Into a field of the account hub."""
        self._call("WebDriver:ElementSendKeys", id=self._find(selector), text=text)

    def click(self, selector: str) -> None:
        self._call("WebDriver:ElementClick", id=self._find(selector))

    def _find(self, selector: str) -> str:
        found = self.run(f"return {HUB}.querySelector(arguments[0]);", selector)
        return str(found[ELEMENT])

    def _screen(self) -> str:
        log = self.folder / "screen.log"
        command = [need("Xvfb"), "-displayfd", "1", "-screen", "0", "1280x1024x24", "-nolisten", "tcp"]
        self._programs.append(Program(command, log))
        return ":" + wait_until(lambda: next((line for line in log.read_text().splitlines() if line.isdigit()), ""))

    def _connect(self) -> socket.socket | None:
        assert self._programs[-1].runs(), (self.folder / "thunderbird.log").read_text()
        try:
            return socket.create_connection(("127.0.0.1", self.port), 60)
        except OSError:
            return None

    def _call(self, name: str, **parameters: Any) -> Any:
        assert self._socket
        self._number += 1
        message = json.dumps([0, self._number, name, parameters]).encode()
        self._socket.sendall(str(len(message)).encode() + b":" + message)
        _, number, error, result = self._read()
        assert number == self._number
        assert not error, (name, error)
        return result

    def _read(self) -> Any:
        """A message is preceded by its length: 21:[...]"""
        assert self._socket
        length = b""
        while (byte := self._socket.recv(1)) != b":":
            assert byte, "Thunderbird has gone"
            length += byte
        message = b""
        while len(message) < int(length):
            message += self._socket.recv(int(length) - len(message))
        return json.loads(message)
