//! `2026/11/22 12:00:00`, in UTC, as seconds since 1970.

/// Days of a year before each month, without leap days.
const BEFORE_MONTH: [u64; 12] = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334];

/// Far enough for every lease, and far from where the sums would overflow.
const LAST_YEAR: u64 = 99_999;

/// What was before 1970 is long over: 0.
pub(super) fn seconds(day: &str, time: &str) -> Option<u64> {
    let [year, month, day] = numbers(day, '/')?;
    let [hour, minute, second] = numbers(time, ':')?;
    let in_range = (1..=LAST_YEAR).contains(&year) && (1..=31).contains(&day);
    if !in_range || hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let before = BEFORE_MONTH.get(usize::try_from(month).ok()?.checked_sub(1)?)?;
    let leap_day = u64::from(month > 2 && leap_days(year) > leap_days(year - 1));
    let days = days_before(year) + before + leap_day + day - 1;
    let days = days.saturating_sub(days_before(1970));
    Some(days * 86_400 + hour * 3_600 + minute * 60 + second)
}

fn numbers(text: &str, separator: char) -> Option<[u64; 3]> {
    let numbers: Vec<u64> = text
        .split(separator)
        .map(|number| number.parse().ok())
        .collect::<Option<_>>()?;
    numbers.try_into().ok()
}

/// Leap days in the years 1 to `year`.
fn leap_days(year: u64) -> u64 {
    year / 4 - year / 100 + year / 400
}

/// Days before a year, from the first day of the year 1.
fn days_before(year: u64) -> u64 {
    (year - 1) * 365 + leap_days(year - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_what_date_makes_of_them() {
        // From GNU `date -u -d ... +%s`.
        for (day, time, expected) in [
            ("1970/01/01", "00:00:00", 0),
            ("1970/1/2", "0:0:1", 86_401),
            ("2000/02/29", "23:59:59", 951_868_799),
            ("2000/03/01", "00:00:00", 951_868_800),
            ("2026/11/22", "12:00:00", 1_795_348_800),
            ("2038/01/19", "03:14:08", 2_147_483_648),
            ("2100/03/01", "00:00:00", 4_107_542_400),
            ("2106/02/07", "06:28:15", 4_294_967_295),
        ] {
            assert_eq!(seconds(day, time), Some(expected), "{day} {time}");
        }
    }

    #[test]
    fn what_is_no_date_is_none() {
        for (day, time) in [
            ("2026/11", "12:00:00"),
            ("2026/13/01", "12:00:00"),
            ("2026/00/01", "12:00:00"),
            ("2026/11/32", "12:00:00"),
            ("0/11/22", "12:00:00"),
            ("2026/11/22", "24:00:00"),
            ("2026/11/22", "12:60:00"),
            ("2026/11/22", "12:00"),
            ("18446744073709551615/01/01", "12:00:00"),
            ("", ""),
        ] {
            assert_eq!(seconds(day, time), None, "{day} {time}");
        }
    }
}
