"""Who a request really comes from, and over what."""

from __future__ import annotations

import json
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from pathlib import Path
from typing import TYPE_CHECKING

from stripe_lint.runtime.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterable

UNIX = "unix"
"""Stands for a peer on a socket of the file system, which has no address."""


class Networks:
    """A list of networks in CIDR notation, or of single addresses.

    Raises:
        ConfigurationError: One of them is no network.
    """

    def __init__(self, networks: Iterable[str]) -> None:
        self._networks: list[IPv4Network | IPv6Network] = []
        self._unix = False
        for network in [networks] if isinstance(networks, str) else networks:
            if network == UNIX:
                self._unix = True
                continue
            try:
                self._networks.append(ip_network(network))
            except ValueError:
                raise ConfigurationError(f"{network!r} is no network: write 192.0.2.0/24, or an address") from None

    def __contains__(self, client: str | None) -> bool:
        if client is None or client == UNIX:
            return self._unix
        address = _address(client)
        return address is not None and any(address in network for network in self._networks)


def is_loopback(client: str | None) -> bool:
    """Whether an address is this machine's own. A peer without an address is not: it is a proxy on a socket."""
    address = _address(client) if client else None
    return address is not None and address.is_loopback


def stripe_addresses(file: str | Path) -> list[str]:
    """The networks in Stripe's list of the addresses that webhooks come from, for ``allowed_networks``.

    Args:
        file: A copy of ``https://stripe.com/files/ips/ips_webhooks.json`` or ``….txt``. Stripe changes the list; fetch
            it with each deployment.

    Raises:
        ConfigurationError: The file can't be read, or has no addresses in it.
    """
    try:
        text = Path(file).read_text(encoding="utf-8")
        found = json.loads(text)["WEBHOOKS"] if text.lstrip().startswith("{") else text.split()
    except (OSError, ValueError, KeyError) as error:
        raise ConfigurationError(f"{file} is not Stripe's list of addresses ({type(error).__name__})") from None
    if not found or not all(isinstance(each, str) and _address(each) for each in found):
        raise ConfigurationError(f"{file} is not Stripe's list of addresses")
    return list(found)


@dataclass(frozen=True, slots=True)
class Peer:
    """Where a request comes from: what trusted proxies say, or else what the socket says."""

    client: str | None
    secure: bool
    forwarded: bool
    """Whether there are headers that only a proxy sets."""


def peer(
    client: str | None, secure: bool, forwarded_for: str, forwarded_proto: str, other: bool, trusted: Networks
) -> Peer:
    """The sender of a request.

    Args:
        client: The socket's other end; ``None`` or empty on a socket of the file system.
        secure: Whether that connection is TLS.
        forwarded_for: The header ``X-Forwarded-For``, or nothing.
        forwarded_proto: The header ``X-Forwarded-Proto``, or nothing.
        other: Whether another header of proxies (``Forwarded``, ``X-Forwarded-Host``, ``X-Real-IP``) is present.
        trusted: The proxies that are believed.
    """
    client = client or UNIX
    forwarded = bool(forwarded_for or forwarded_proto or other)
    if client not in trusted:
        return Peer(client, secure, forwarded)
    hops = [hop.strip() for hop in forwarded_for.split(",") if hop.strip()]
    while hops and client in trusted:
        client = hops.pop()  # the last hop that no trusted proxy vouches for: those before it can be invented
    protocol = forwarded_proto.rpartition(",")[2].strip().lower()
    return Peer(client, protocol == "https" if protocol else secure, forwarded)


def _address(text: str) -> IPv4Address | IPv6Address | None:
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address
