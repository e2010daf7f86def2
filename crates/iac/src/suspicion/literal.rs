//! Literal numbers and strings into classes.

use std::net::{Ipv4Addr, Ipv6Addr};

use super::words::{split, stem, stems};

/// Keys whose values are names, which are masked.
const NAMES: [&str; 18] = [
    "name",
    "names",
    "id",
    "ids",
    "description",
    "bucket",
    "identifier",
    "title",
    "label",
    "prefix",
    "suffix",
    "alias",
    "location",
    "region",
    "zone",
    "zones",
    "sid",
    "email",
];
/// Blocks of free names and values.
const LABELS: [&str; 3] = ["tags", "labels", "annotations"];
/// What may be read in a name, because it is the name of a setting and not of a thing.
const SETTINGS: [&str; 24] = [
    "log",
    "audit",
    "ssl",
    "tls",
    "encrypt",
    "public",
    "connect",
    "checkpoint",
    "disconnect",
    "durat",
    "throttl",
    "retent",
    "trac",
    "monitor",
    "secur",
    "password",
    "secret",
    "token",
    "lock",
    "statement",
    "temp",
    "min",
    "skip",
    "require",
];
/// Words of test fixtures, which say nothing about what a setting does.
const FIXTURES: [&str; 14] = [
    "positive", "negative", "good", "bad", "example", "test", "insecure", "secure", "pass", "fail", "foo",
    "bar", "my", "sample",
];
const ADMINISTRATION: [u16; 9] = [20, 21, 22, 23, 135, 445, 3389, 5900, 5985];
const STORES: [u16; 16] =
    [1433, 1434, 1521, 2375, 2379, 3306, 5432, 5984, 6379, 7000, 8020, 9042, 9200, 9300, 11211, 27017];
const WEB: [u16; 4] = [80, 443, 8080, 8443];

/// Classes of a number.
pub(super) fn number(number: f64, key: &str) -> Vec<String> {
    let mut tokens = vec!["is:number".to_owned()];
    let magnitude = match number {
        n if n < 0.0 => "negative",
        0.0 => "zero",
        n if n <= 1.0 => "one",
        n if n < 7.0 => "few",
        n if n < 14.0 => "week",
        n if n < 30.0 => "fortnight",
        n if n < 90.0 => "month",
        n if n < 365.0 => "quarter",
        n if n < 3600.0 => "year",
        _ => "large",
    };
    tokens.push(format!("size:{magnitude}"));
    if number.fract() == 0.0 && number.abs() < 70_000.0 {
        tokens.push(format!("number:{number}"));
    }
    if stems(key).iter().any(|word| word == "port") {
        tokens.extend(port(number).map(|class| format!("port:{class}")));
    }
    tokens
}

fn port(number: f64) -> Option<&'static str> {
    let port = (0..=u16::MAX)
        .contains(&(number as u16))
        .then_some(number as u16)
        .filter(|port| f64::from(*port) == number)?;
    Some(match port {
        0 => "first",
        u16::MAX => "last",
        _ if ADMINISTRATION.contains(&port) => "administration",
        _ if STORES.contains(&port) => "store",
        _ if WEB.contains(&port) => "web",
        _ if port < 1024 => "system",
        _ => "other",
    })
}

/// Classes of a string without interpolation.
pub(super) fn text(text: &str, key: &str) -> Vec<String> {
    let trimmed = text.trim();
    let lower = trimmed.to_lowercase();
    let mut tokens = Vec::new();
    let mut say = |token: &str| tokens.push(token.to_owned());
    match lower.as_str() {
        "" => say("is:empty"),
        "*" => say("is:wildcard"),
        "true" | "on" | "yes" | "enabled" | "enable" => say("is:true"),
        "false" | "off" | "no" | "disabled" | "disable" | "none" => say("is:false"),
        _ => {}
    }
    if !tokens.is_empty() {
        tokens.push(format!("text:{lower}"));
        return tokens;
    }
    let key_words = split(key);
    let last = key_words.last().map_or("", String::as_str);
    if let Ok(value) = lower.parse::<f64>() {
        return number(value, key);
    }
    if let Some(class) = network(&lower) {
        return vec!["is:cidr".to_owned(), format!("cidr:{class}")];
    }
    if text.contains('\n') || text.len() > 200 {
        let mut tokens = vec!["is:long".to_owned()];
        tokens.extend(script(text));
        return tokens;
    }
    if let Some(tokens) = ports(&lower, &key_words) {
        return tokens;
    }
    if key_words.iter().any(|word| matches!(word.as_str(), "password" | "secret" | "token" | "passwd")) {
        tokens.push("is:literal-secret".to_owned());
    }
    if lower.starts_with("arn:") {
        tokens.push("is:arn".to_owned());
        if lower.contains('*') {
            tokens.push("is:star".to_owned());
        }
        tokens.extend(lower.split(':').nth(2).map(|service| format!("service:{service}")));
        return tokens;
    }
    if let Some((scheme, _)) = lower.split_once("://") {
        tokens.push("is:url".to_owned());
        tokens.push(format!("scheme:{scheme}"));
        return tokens;
    }
    let masked = NAMES.contains(&last) || LABELS.contains(&last);
    if masked {
        tokens.push("is:name".to_owned());
        let words = split(&lower).iter().map(|word| stem(word)).collect::<Vec<_>>();
        tokens.extend(words.iter().filter(|w| SETTINGS.contains(&w.as_str())).map(|w| format!("named:{w}")));
        return tokens;
    }
    tokens.extend(words(&lower));
    tokens
}

/// The words of an enumeration's value, an action or the like.
fn words(lower: &str) -> Vec<String> {
    let mut tokens = vec!["is:text".to_owned()];
    if lower.contains('*') {
        tokens.push("is:star".to_owned());
    }
    let words = split(lower);
    let fixture =
        words.iter().any(|word| FIXTURES.contains(&word.trim_end_matches(|c: char| c.is_ascii_digit())));
    if fixture || lower.len() > 48 || words.len() > 6 {
        return tokens;
    }
    tokens.push(format!("text:{lower}"));
    tokens.extend(words.iter().map(|word| format!("say:{}", stem(word))));
    if let Some((service, action)) = lower.split_once(':') {
        tokens.push(format!("service:{service}"));
        if action == "*" {
            tokens.push("is:every-action".to_owned());
        }
    }
    tokens
}

/// Signs of credentials in longer texts.
pub(super) fn script(text: &str) -> Vec<String> {
    let lower = text.to_lowercase();
    let signs = [
        ("access-key", lower.contains("aws_access_key") || text.contains("AKIA")),
        ("secret", lower.contains("secret")),
        ("password", lower.contains("password")),
        ("private-key", lower.contains("private key-----")),
        ("certificate", lower.contains("certificate-----")),
    ];
    signs.iter().filter(|(_, found)| *found).map(|(sign, _)| format!("holds:{sign}")).collect()
}

/// `22`, `20-80` or a list of such.
fn ports(lower: &str, key_words: &[String]) -> Option<Vec<String>> {
    if !key_words.iter().any(|word| matches!(word.as_str(), "port" | "ports")) {
        return None;
    }
    let mut tokens = vec!["is:ports".to_owned()];
    for range in lower.split(',').take(16) {
        let mut ends = range.trim().split('-').map(|end| end.trim().parse::<f64>());
        let (Some(Ok(low)), high) = (ends.next(), ends.next()) else { return None };
        let high = match high {
            None => low,
            Some(Ok(high)) => high,
            Some(Err(_)) => return None,
        };
        tokens.extend(port(low).map(|class| format!("port:{class}")));
        if high > low {
            tokens.push("is:range".to_owned());
            let inside = |ports: &[u16]| ports.iter().any(|port| (low..=high).contains(&f64::from(*port)));
            if inside(&ADMINISTRATION) {
                tokens.push("port:administration".to_owned());
            }
            if inside(&STORES) {
                tokens.push("port:store".to_owned());
            }
        }
    }
    Some(tokens)
}

/// Class of an address or a network: how much of the world it is.
fn network(lower: &str) -> Option<&'static str> {
    let (address, prefix) = match lower.split_once('/') {
        Some((address, prefix)) => (address, Some(prefix.parse::<u8>().ok()?)),
        None => (lower, None),
    };
    if let Ok(address) = address.parse::<Ipv4Addr>() {
        let prefix = prefix.unwrap_or(32);
        return Some(match prefix {
            0 => "any",
            _ if address.is_unspecified() => "any",
            _ if address.is_loopback() => "loopback",
            _ if address.is_private() && prefix >= 8 => "private",
            32 => "host",
            25..=31 => "public-few",
            9..=24 => "public-some",
            _ => "public-many",
        });
    }
    let address = address.parse::<Ipv6Addr>().ok()?;
    Some(if prefix == Some(0) || address.is_unspecified() { "any" } else { "six" })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn has(tokens: &[String], token: &str) -> bool {
        tokens.iter().any(|other| other == token)
    }

    #[test]
    fn networks_are_classed_by_how_much_of_the_world_they_are() {
        for (text_, class) in [
            ("0.0.0.0/0", "any"),
            ("::/0", "any"),
            ("10.0.0.0/16", "private"),
            ("8.8.8.8/32", "host"),
            ("8.8.8.0/24", "public-some"),
            ("8.0.0.0/8", "public-many"),
            ("2001:db8::/32", "six"),
        ] {
            assert!(has(&text(text_, "cidr_blocks"), &format!("cidr:{class}")), "{text_}");
        }
        assert!(!has(&text("10.0.0.0/x", "cidr"), "is:cidr"));
    }

    #[test]
    fn names_and_fixture_words_give_no_word_of_their_own() {
        for (value, key) in [("positive1", "name"), ("secure-thing", "bucket"), ("good_example", "mode")] {
            let tokens = text(value, key);
            assert!(
                !tokens.iter().any(|token| token.contains("positive")
                    || token.contains("secure")
                    || token.contains("good")),
                "{tokens:?}"
            );
        }
        assert!(has(&text("log_checkpoints", "name"), "named:checkpoint"));
        assert!(has(&text("TLS1_2", "minimum_tls_version"), "text:tls1_2"));
    }

    #[test]
    fn ports_are_found_in_numbers_strings_and_ranges() {
        assert!(has(&number(22.0, "from_port"), "port:administration"));
        assert!(has(&text("3000-4000", "destination_port_range"), "port:store"));
        assert!(has(&text("22", "port"), "port:administration"));
        assert!(!has(&number(22.0, "count"), "port:administration"));
        assert!(number(f64::NAN, "port").len() < 5 && number(-1.0, "port").len() < 5);
    }
}
