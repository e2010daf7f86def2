//! Functions on points in time, which are texts as RFC 3339 has them.

use jiff::{SignedDuration, civil::DateTime};

use super::{Arguments, Function, Outcome, Trouble};
use crate::value::Value;

pub(super) const NAMES: &[&str] = &["formatdate", "timeadd", "timecmp"];

pub(super) fn find(name: &str) -> Option<Function> {
    Some(match name {
        "formatdate" => format_date,
        "timeadd" => |arguments| {
            let moment = Moment::parse(&arguments.text(0)?)?;
            let duration = duration(&arguments.text(1)?).ok_or(Trouble::Failed("this is no duration"))?;
            let at =
                moment.at.checked_add(duration).map_err(|_| Trouble::Failed("the time is out of range"))?;
            Ok(Value::text(Moment { at, ..moment }.shown()))
        },
        "timecmp" => |arguments| {
            let (one, other) = (Moment::parse(&arguments.text(0)?)?, Moment::parse(&arguments.text(1)?)?);
            Ok(Value::number(f64::from(one.universal()?.cmp(&other.universal()?) as i8)))
        },
        _ => return None,
    })
}

/// A point in time as it is written: local time, and minutes that it is ahead of universal time.
struct Moment {
    at: DateTime,
    ahead: i32,
}

impl Moment {
    fn parse(text: &str) -> Result<Self, Trouble> {
        Self::read(text).ok_or(Trouble::Failed("this is no time, such as 2026-01-02T03:04:05Z"))
    }

    fn read(text: &str) -> Option<Self> {
        let zone = text.get(19..)?.find(['Z', 'z', '+', '-'])?.checked_add(19)?;
        let (local, zone) = text.split_at_checked(zone)?;
        let at: DateTime = local.parse().ok()?;
        let ahead = match zone.split_at_checked(1)? {
            ("Z" | "z", "") => 0,
            (sign, rest) => {
                let (hours, minutes) = rest.split_once(':')?;
                let ahead = hours.parse::<i32>().ok()?.checked_mul(60)?.checked_add(minutes.parse().ok()?)?;
                if sign == "-" { -ahead } else { ahead }
            }
        };
        (ahead.abs() < 1440).then_some(Self { at, ahead })
    }

    fn universal(&self) -> Result<DateTime, Trouble> {
        let back = SignedDuration::from_mins(-i64::from(self.ahead));
        self.at.checked_add(back).map_err(|_| Trouble::Failed("the time is out of range"))
    }

    fn zone(&self, colon: &str) -> String {
        let sign = if self.ahead < 0 { '-' } else { '+' };
        format!("{sign}{:02}{colon}{:02}", self.ahead.abs() / 60, self.ahead.abs() % 60)
    }

    fn shown(&self) -> String {
        let zone = if self.ahead == 0 { "Z".to_owned() } else { self.zone(":") };
        format!("{}{zone}", self.at)
    }
}

/// `1h30m`, `-1.5s`: numbers with units.
fn duration(text: &str) -> Option<SignedDuration> {
    let (negative, mut rest) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let mut seconds = 0.0;
    if rest == "0" {
        return Some(SignedDuration::ZERO);
    }
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let number: f64 = rest.get(..end)?.parse().ok()?;
        let behind = rest.get(end..)?;
        let units =
            [("ns", 1e-9), ("us", 1e-6), ("µs", 1e-6), ("ms", 1e-3), ("s", 1.0), ("m", 60.0), ("h", 3600.0)];
        let (unit, factor) = units.iter().find(|(unit, _)| behind.starts_with(unit))?;
        seconds += number * factor;
        rest = behind.strip_prefix(unit)?;
    }
    SignedDuration::try_from_secs_f64(if negative { -seconds } else { seconds }).ok()
}

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const DAYS: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];

fn format_date(arguments: &Arguments<'_>) -> Outcome {
    let format = arguments.text(0)?;
    let moment = Moment::parse(&arguments.text(1)?)?;
    let mut out = String::new();
    let mut rest = &*format;
    while let Some(first) = rest.chars().next() {
        if let Some(quoted) = rest.strip_prefix('\'') {
            let (text, behind) =
                quoted.split_once('\'').ok_or(Trouble::Failed("a quotation mark is missing"))?;
            out.push_str(if text.is_empty() { "'" } else { text });
            rest = behind;
            continue;
        }
        let length = rest.len() - rest.trim_start_matches(first).len();
        let (token, behind) = rest.split_at_checked(length).ok_or(Trouble::Failed("the format is wrong"))?;
        if first.is_ascii_alphabetic() {
            out.push_str(&part(token, &moment).ok_or(Trouble::Failed("the format has an unknown part"))?);
        } else {
            out.push_str(token);
        }
        rest = behind;
    }
    Ok(Value::text(out))
}

fn part(token: &str, moment: &Moment) -> Option<String> {
    let at = moment.at;
    let twelve = match at.hour() % 12 {
        0 => 12,
        hour => hour,
    };
    let month = usize::try_from(at.month()).ok()?.checked_sub(1).and_then(|index| MONTHS.get(index))?;
    let day = usize::try_from(at.weekday().to_monday_zero_offset()).ok().and_then(|index| DAYS.get(index))?;
    Some(match token {
        "YYYY" => format!("{:04}", at.year()),
        "YY" => format!("{:02}", at.year().rem_euclid(100)),
        "MMMM" => (*month).to_owned(),
        "MMM" => month.get(..3)?.to_owned(),
        "MM" => format!("{:02}", at.month()),
        "M" => at.month().to_string(),
        "DD" => format!("{:02}", at.day()),
        "D" => at.day().to_string(),
        "EEEE" => (*day).to_owned(),
        "EEE" => day.get(..3)?.to_owned(),
        "hh" => format!("{:02}", at.hour()),
        "h" => at.hour().to_string(),
        "HH" => format!("{twelve:02}"),
        "H" => twelve.to_string(),
        "AA" => if at.hour() < 12 { "AM" } else { "PM" }.to_owned(),
        "aa" => if at.hour() < 12 { "am" } else { "pm" }.to_owned(),
        "mm" => format!("{:02}", at.minute()),
        "m" => at.minute().to_string(),
        "ss" => format!("{:02}", at.second()),
        "s" => at.second().to_string(),
        "ZZZZZ" => moment.zone(":"),
        "ZZZZ" => moment.zone(""),
        "ZZZ" if moment.ahead == 0 => "UTC".to_owned(),
        "ZZZ" => moment.zone(""),
        "Z" if moment.ahead == 0 => "Z".to_owned(),
        "Z" => moment.zone(":"),
        _ => return None,
    })
}
