//! Ranges of addresses.

use std::net::IpAddr;

/// A range of IPv4 or IPv6 addresses, as `10.0.0.0/8`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cidr {
    address: IpAddr,
    prefix: u8,
}

impl Cidr {
    /// Reads a range, or a single address; Azure's words for everything count too.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        if matches!(text, "*" | "Internet" | "internet" | "any" | "Any") {
            return Some(Self { address: IpAddr::from([0u8; 4]), prefix: 0 });
        }
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix.parse::<u8>().ok()?)),
            None => (text, None),
        };
        // `0/0` is short for everything in some consoles.
        let address: IpAddr = if address == "0" { IpAddr::from([0u8; 4]) } else { address.parse().ok()? };
        let longest = if address.is_ipv4() { 32 } else { 128 };
        let prefix = prefix.unwrap_or(longest);
        (prefix <= longest).then_some(Self { address, prefix })
    }

    /// Does it contain all of the other range?
    pub fn contains(&self, other: &Self) -> bool {
        let same_kind = self.address.is_ipv4() == other.address.is_ipv4();
        same_kind && self.prefix <= other.prefix && self.network(self.prefix) == other.network(self.prefix)
    }

    /// Is it an IPv4 range with a shorter prefix, or an IPv6 range that is as wide for its kind?
    pub fn is_wider_than(&self, prefix: u8) -> bool {
        if self.address.is_ipv4() {
            self.prefix < prefix
        } else {
            self.prefix < prefix.saturating_mul(3).min(64)
        }
    }

    /// Does it hold private, shared, local or documentation addresses only?
    pub fn is_private(&self) -> bool {
        const PRIVATE: &[&str] = &[
            "10.0.0.0/8",
            "172.16.0.0/12",
            "192.168.0.0/16",
            "127.0.0.0/8",
            "169.254.0.0/16",
            "100.64.0.0/10",
            "fc00::/7",
            "fe80::/10",
            "::1/128",
        ];
        PRIVATE.iter().filter_map(|range| Self::parse(range)).any(|range| range.contains(self))
    }

    fn network(&self, prefix: u8) -> u128 {
        let (bits, width) = match self.address {
            IpAddr::V4(address) => (u128::from(u32::from(address)), 32),
            IpAddr::V6(address) => (u128::from(address), 128),
        };
        bits.checked_shr(u32::from(width - prefix.min(width))).unwrap_or(0)
    }
}
