//! Functions on ranges of addresses.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::{Arguments, Function, MOST_ELEMENTS, Outcome, Trouble};
use crate::value::Value;

pub(super) const NAMES: &[&str] = &["cidrcontains", "cidrhost", "cidrnetmask", "cidrsubnet", "cidrsubnets"];

pub(super) fn find(name: &str) -> Option<Function> {
    Some(match name {
        "cidrcontains" => |arguments| {
            let (outer, inner) = (Range::parse(&arguments.text(0)?)?, Range::parse(&arguments.text(1)?)?);
            let same = outer.width == inner.width && outer.prefix <= inner.prefix;
            Ok(Value::bool(same && inner.masked(outer.prefix) == outer.bits))
        },
        "cidrhost" => host,
        "cidrnetmask" => |arguments| {
            let range = Range::parse(&arguments.text(0)?)?;
            if range.width != 32 {
                return Err(Trouble::Failed("the range is no IPv4 range"));
            }
            Ok(Value::text(range.address(range.masked_ones()).to_string()))
        },
        "cidrsubnet" => |arguments| {
            let range = Range::parse(&arguments.text(0)?)?;
            let subnet = range.subnet(arguments.count(1)?, arguments.count(2)? as u128)?;
            Ok(Value::text(subnet.shown()))
        },
        "cidrsubnets" => subnets,
        _ => return None,
    })
}

/// A range of addresses: the first one as a number, how many bits are fixed, and how many there are.
#[derive(Clone, Copy)]
struct Range {
    bits: u128,
    prefix: u32,
    width: u32,
}

impl Range {
    fn parse(text: &str) -> Result<Self, Trouble> {
        let wrong = || Trouble::Failed("this is no range of addresses");
        let (address, prefix) = text.trim().split_once('/').unwrap_or((text.trim(), ""));
        let address: IpAddr = address.parse().map_err(|_| wrong())?;
        let (bits, width) = match address {
            IpAddr::V4(address) => (u128::from(u32::from(address)), 32),
            IpAddr::V6(address) => (u128::from(address), 128),
        };
        let prefix = if prefix.is_empty() { width } else { prefix.parse().map_err(|_| wrong())? };
        if prefix > width {
            return Err(wrong());
        }
        let range = Self { bits, prefix, width };
        Ok(Self { bits: range.masked(prefix), ..range })
    }

    fn masked(&self, prefix: u32) -> u128 {
        let free = self.width - prefix.min(self.width);
        self.bits.checked_shr(free).and_then(|bits| bits.checked_shl(free)).unwrap_or(0)
    }

    fn masked_ones(&self) -> u128 {
        Self { bits: if self.width == 32 { u128::from(u32::MAX) } else { u128::MAX }, ..*self }
            .masked(self.prefix)
    }

    fn address(&self, bits: u128) -> IpAddr {
        match u32::try_from(bits) {
            Ok(bits) if self.width == 32 => IpAddr::V4(Ipv4Addr::from(bits)),
            _ => IpAddr::V6(Ipv6Addr::from(bits)),
        }
    }

    fn shown(&self) -> String {
        format!("{}/{}", self.address(self.bits), self.prefix)
    }

    /// The range of this number, when `more` further bits are fixed.
    fn subnet(&self, more: usize, number: u128) -> Result<Self, Trouble> {
        let more = u32::try_from(more).unwrap_or(u32::MAX);
        let prefix = self.prefix.saturating_add(more);
        if prefix > self.width {
            return Err(Trouble::Failed("the range has not so many bits"));
        }
        if more < 128 && number >> more != 0 {
            return Err(Trouble::Failed("there is no subnet of this number"));
        }
        let bits = self.bits | number.checked_shl(self.width - prefix).unwrap_or(0);
        Ok(Self { bits, prefix, ..*self })
    }
}

fn host(arguments: &Arguments<'_>) -> Outcome {
    let range = Range::parse(&arguments.text(0)?)?;
    let number = arguments.number(1)?;
    let free = range.width - range.prefix;
    let size = 1u128.checked_shl(free).unwrap_or(u128::MAX);
    let offset = number.abs() as u128;
    // Negative numbers count from the end.
    let offset = if number < 0.0 { size.checked_sub(offset) } else { Some(offset) };
    match offset.filter(|offset| *offset < size) {
        Some(offset) => Ok(Value::text(range.address(range.bits | offset).to_string())),
        None => Err(Trouble::Failed("the range has no such address")),
    }
}

/// Subnets one behind the other, each as wide as it asks.
fn subnets(arguments: &Arguments<'_>) -> Outcome {
    let range = Range::parse(&arguments.text(0)?)?;
    let mut next = range.bits;
    let mut out = Vec::new();
    for index in 1..arguments.all().len().min(MOST_ELEMENTS) {
        let more = u32::try_from(arguments.count(index)?).unwrap_or(u32::MAX);
        let prefix = range.prefix.saturating_add(more);
        if prefix > range.width {
            return Err(Trouble::Failed("the range has not so many bits"));
        }
        let size = 1u128.checked_shl(range.width - prefix).unwrap_or(0);
        // Each begins at a multiple of its size.
        let at = if size == 0 { next } else { next.div_ceil(size).saturating_mul(size) };
        let subnet = Range { bits: at, prefix, ..range };
        if subnet.masked(range.prefix) != range.bits {
            return Err(Trouble::Failed("the range has not so many subnets"));
        }
        next = at.saturating_add(size);
        out.push(Value::text(subnet.shown()));
    }
    Ok(Value::list(out))
}
