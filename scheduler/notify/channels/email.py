"""An e-mail, by a server (RFC 5321, TLS by RFC 8314 or 3207) or by the machine's own sendmail."""

from __future__ import annotations

import getpass
import os
import shutil
import smtplib
import socket
import ssl
from collections.abc import Mapping
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from typing import Any

from scheduler.notify.channel import Channel, Undelivered
from scheduler.notify.channels import command

PORTS = {"tls": 465, "starttls": 587, "none": 25}
PATIENCE = 15.0  # seconds for one answer of the server


def send(channel: Channel, event: Mapping[str, Any]) -> None:
    """Undelivered where a server or sendmail refuses it. A password is sent over TLS only, unless the file says `none`."""
    message = _message(channel, event)
    if not channel.server:
        program = shutil.which("sendmail") or shutil.which("sendmail", path="/usr/sbin:/usr/lib")
        if not program:
            raise Undelivered("there is no program sendmail; name a `server`")
        command.run((program, "-t", "-i"), message.as_string())
        return
    try:
        _by_server(channel, message)
    except (smtplib.SMTPException, OSError) as error:
        raise Undelivered(f"{channel.server}: {error}") from None


def _message(channel: Channel, event: Mapping[str, Any]) -> EmailMessage:
    message = EmailMessage()
    message["Subject"] = " ".join(event["title"].split())
    message["From"] = channel.sender or f"{getpass.getuser()}@{socket.getfqdn()}"
    message["To"] = ", ".join(channel.to)
    message["Date"], message["Message-ID"] = formatdate(localtime=True), make_msgid(domain="exp-queue")
    message.set_content(event["text"] + "\n")
    return message


def _by_server(channel: Channel, message: EmailMessage) -> None:
    host, _, port = channel.server.partition(":")
    kind = smtplib.SMTP_SSL if channel.security == "tls" else smtplib.SMTP
    context = ssl.create_default_context()
    options: dict[str, Any] = {"context": context} if channel.security == "tls" else {}
    with kind(host, int(port or PORTS[channel.security]), timeout=PATIENCE, **options) as server:
        if channel.security == "starttls":
            server.starttls(context=context)
        if channel.password_variable:
            server.login(channel.user or channel.sender or channel.to[0], os.environ[channel.password_variable])
        server.send_message(message)
