"""Hosts that belong to no single company: site builders, social networks, job boards, shorteners, mailboxes, archives.

The list is short on purpose. It names what companies' rows and CRM exports really hold where their own domain should
be, and adds to the public suffix list, which knows vercel.app, github.io or myshopify.com, but none of these.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Final

# fmt: off
PLATFORMS: Final = frozenset((
    "app.link", "appspot.com", "azurewebsites.net", "bigcartel.com", "blogspot.com", "business.site",
    "carrd.co", "framer.website", "github.io", "godaddysites.com", "google.site", "herokuapp.com",
    "hubspotpagebuilder.com", "jimdo.com", "jimdofree.com", "jimdosite.com", "myshopify.com", "mystrikingly.com",
    "mywebsite-editor.com", "netlify.app", "notion.site", "odoo.com", "onrender.com", "pages.dev", "softr.app",
    "square.site", "squarespace.com", "strikingly.com", "substack.com", "tumblr.com", "typepad.com", "ueniweb.com",
    "unbounce.com", "vercel.app", "webflow.io", "webnode.com", "weebly.com", "wixsite.com", "wixstudio.com",
    "wordpress.com", "yolasite.com",
))
"""Each company has a host of its own below one of these, as ``acme.wordpress.com``; the platform's own is shared."""

SHARED: Final = frozenset((
    "about.me", "apps.apple.com", "ashbyhq.com", "beacons.ai", "behance.net", "bio.link", "bit.ly", "calendly.com",
    "crunchbase.com", "discord.com", "discord.gg", "docs.google.com", "drive.google.com", "etsy.com",
    "eventbrite.com", "facebook.com", "fb.com", "fb.me", "forms.gle", "g.page", "github.com", "glassdoor.com",
    "gmail.com", "goo.gl", "googlemail.com", "greenhouse.io", "hotmail.com", "icloud.com", "instagram.com",
    "itunes.apple.com", "kickstarter.com", "lever.co", "linkedin.com", "linktr.ee", "live.com", "lnkd.in",
    "maps.google.com", "medium.com", "meetup.com", "notion.so", "outlook.com", "patreon.com", "pinterest.com",
    "play.google.com", "producthunt.com", "reddit.com", "sites.google.com", "smartrecruiters.com", "soundcloud.com",
    "t.co", "t.me", "telegram.me", "threads.net", "tiktok.com", "tinyurl.com", "trustpilot.com", "twitch.tv",
    "twitter.com", "urldefense.com", "urldefense.proofpoint.com", "vimeo.com", "wa.me", "web.archive.org",
    "wellfound.com", "wikipedia.org", "workable.com", "x.com", "xing.com", "yelp.com", "youtu.be", "youtube.com",
))
"""Companies have pages on these, which only the path tells apart; so they have on every host below them."""
# fmt: on


_own: frozenset[str] = frozenset()


def use_own(hosts: Iterable[str]) -> None:
    """Let these hosts be shared too, with all that is below them, in place of those given before."""
    global _own
    _own = frozenset(hosts)  # at once: other threads compare companies all the time


def all_shared() -> frozenset[str]:
    """The hosts of which each shared one is one, or is below one."""
    return PLATFORMS | SHARED | _own


def is_shared(host: str, platforms: Collection[str] = PLATFORMS, shared: Collection[str] = SHARED) -> bool:
    """Whether many companies share the host, so that it identifies none of them.

    Args:
        host: as `company_key.host` gives it.
        platforms: hosts below which each company has its own.
        shared: hosts that are shared with all that is below them.
    """
    if host in platforms or host in shared or host in _own:
        return True
    while host := host.partition(".")[2]:
        if host in shared or host in _own:
            return True
    return False
