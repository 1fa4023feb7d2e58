"""Hosts that belong to no single company: site builders, social networks, job boards, shorteners, mailboxes, archives.

The list is short on purpose. It names what companies' rows and CRM exports really hold where their own domain should
be, and adds to the public suffix list, which knows vercel.app, github.io or myshopify.com, but none of these.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

# fmt: off
PLATFORMS: Final = frozenset((
    "app.link", "applytojob.com", "appspot.com", "azurewebsites.net", "bigcartel.com", "blogspot.ca",
    "blogspot.ch", "blogspot.co.uk", "blogspot.com", "blogspot.com.au", "blogspot.com.br", "blogspot.com.es",
    "blogspot.de", "blogspot.fr", "blogspot.in", "blogspot.it", "blogspot.jp", "blogspot.nl", "business.site",
    "canva.site", "carrd.co", "company.site", "framer.website", "github.io", "glide.page", "glitch.me",
    "godaddysites.com", "google.site", "herokuapp.com", "hs-sites.com", "hubspotpagebuilder.com",
    "hubspotpagebuilder.eu", "jimdo.com", "jimdofree.com", "jimdosite.com", "kinsta.cloud",
    "mailchimpsites.com", "my.canva.site", "myportfolio.com", "myshopify.com", "mystrikingly.com",
    "mywebsite-editor.com", "myworkdayjobs.com", "netlify.app", "notion.site", "odoo.com", "onmicrosoft.com",
    "onrender.com", "pages.dev", "sharepoint.com", "softr.app", "softr.io", "square.site", "squarespace.com",
    "strikingly.com", "substack.com", "super.site", "tilda.ws", "tumblr.com", "typepad.com", "ueniweb.com",
    "unbounce.com", "vercel.app", "webflow.io", "webnode.com", "weebly.com", "wixsite.com", "wixstudio.com",
    "wordpress.com", "wpcomstaging.com", "yolasite.com", "zohosites.com",
))
"""Each company has a host of its own below one of these, as ``acme.wordpress.com``; the platform's own is shared."""

SHARED: Final = frozenset((
    "about.me", "angel.co", "api.whatsapp.com", "apps.apple.com", "ashbyhq.com", "beacons.ai", "behance.net",
    "bio.link", "bit.ly", "bsky.app", "buff.ly", "calendly.com", "campsite.bio", "crunchbase.com", "cutt.ly",
    "discord.com", "discord.gg", "docs.google.com", "drive.google.com", "etsy.com", "eventbrite.com",
    "facebook.com", "fb.com", "fb.me", "forms.gle", "g.co", "g.page", "github.com", "glassdoor.com",
    "gmail.com", "goo.gl", "googlemail.com", "greenhouse.io", "hotmail.com", "icloud.com", "indeed.com",
    "instagram.com", "is.gd", "itunes.apple.com", "kickstarter.com", "lever.co", "linkedin.com", "linkin.bio",
    "linktr.ee", "live.com", "lnk.bio", "lnkd.in", "m.me", "maps.apple.com", "maps.google.com", "medium.com",
    "meetup.com", "notion.so", "outlook.com", "ow.ly", "patreon.com", "pinterest.com", "play.google.com",
    "producthunt.com", "rb.gy", "rebrand.ly", "reddit.com", "sites.google.com", "smartrecruiters.com",
    "soundcloud.com", "t.co", "t.ly", "t.me", "taplink.cc", "telegram.me", "threads.com", "threads.net",
    "tiktok.com", "tinyurl.com", "trustpilot.com", "twitch.tv", "twitter.com", "urldefense.com",
    "urldefense.proofpoint.com", "vimeo.com", "vk.com", "wa.me", "web.archive.org", "wellfound.com",
    "wikipedia.org", "workable.com", "x.com", "xing.com", "yelp.com", "youtu.be", "youtube.com",
))
"""Companies have pages on these, which only the path tells apart; so they have on every host below them."""
# fmt: on


_own: frozenset[str] = frozenset()


def use_own(hosts: Iterable[str]) -> None:
    """Let these hosts be shared too, with all that is below them, in place of those given before."""
    global _own
    _own = frozenset(hosts)  # at once: other threads compare companies all the time


def all_shared() -> frozenset[str]:
    """All hosts that are shared, most of them together with those below them."""
    return PLATFORMS | SHARED | _own


def is_shared(host: str) -> bool:
    """Whether many companies share the host, as `company_key.host` gives it, so that it identifies none of them."""
    if host in PLATFORMS or host in SHARED or host in _own:
        return True
    while host := host.partition(".")[2]:
        if host in SHARED or host in _own:
            return True
    return False
