//! Days of the proleptic Gregorian calendar, counted from 1970-01-01.
//!
//! The two conversions are those of C. Neri and L. Schneider, "Euclidean affine functions and their application to calendar
//! algorithms" (2022): they count from the first of March of the year 0 and multiply instead of divide.

pub(crate) const SECONDS_PER_DAY: i64 = 86_400;

/// The years in which occurrences are looked for.
pub(crate) const FIRST_YEAR: i32 = 1;
pub(crate) const LAST_YEAR: i32 = 9999;

/// The first and the last second of those years, by the clock on the wall.
pub(crate) const FIRST_SECOND: i64 = day_number(FIRST_YEAR, 1, 1) as i64 * SECONDS_PER_DAY;
pub(crate) const LAST_SECOND: i64 = (day_number(LAST_YEAR, 12, 31) as i64 + 1) * SECONDS_PER_DAY - 1;

/// The days from 0000-03-01 to 1970-01-01.
const EPOCH: i32 = 719_468;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Date {
    pub(crate) year: i32,
    pub(crate) month: u32,
    pub(crate) day: u32,
}

/// The date of a day that is not before 0000-03-01.
pub(crate) const fn date(day_number: i32) -> Date {
    let n = 4 * (day_number + EPOCH) as u32 + 3;
    let (century, day_of_century) = (n / 146_097, n % 146_097 / 4);
    let n = 4 * day_of_century + 3;
    let product = 2_939_745 * n as u64;
    let (year_of_century, day_of_year) = ((product >> 32) as u32, product as u32 / 2_939_745 / 4);
    let n = 2_141 * day_of_year + 197_913;
    let (month, day) = (n >> 16, (n & 0xffff) / 2_141 + 1);
    let after_december = day_of_year >= 306;
    Date {
        year: (100 * century + year_of_century + after_december as u32) as i32,
        month: if after_december { month - 12 } else { month },
        day,
    }
}

/// The number of a date that is not before 0000-03-01.
pub(crate) const fn day_number(year: i32, month: u32, day: u32) -> i32 {
    let before_march = month <= 2;
    let year = (year - before_march as i32) as u32;
    let month = if before_march { month + 12 } else { month };
    let century = year / 100;
    let days = 1_461 * year / 4 - century + century / 4 + (979 * month - 2_919) / 32 + day - 1;
    days as i32 - EPOCH
}

/// 0 is Sunday.
pub(crate) const fn weekday(day_number: i32) -> u32 {
    // 1970-01-01 was a Thursday.
    (day_number + 4).rem_euclid(7) as u32
}

pub(crate) const fn is_leap(year: i32) -> bool {
    // A year that 25 does not divide is a leap year when 4 does; one that 25 divides, when 16 (and so 400) does.
    year & (if year % 25 == 0 { 15 } else { 3 }) == 0
}

/// The days of a year before the first of each month; index 0 is not used.
const BEFORE_MONTH: [[i32; 13]; 2] = [
    [0, 0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334],
    [0, 0, 31, 60, 91, 121, 152, 182, 213, 244, 274, 305, 335],
];

pub(crate) const fn days_before(month: u32, leap: bool) -> i32 {
    BEFORE_MONTH[leap as usize][month as usize]
}

pub(crate) const fn days_in_month(month: u32, leap: bool) -> u32 {
    match month {
        2 => 28 + leap as u32,
        _ => 30 | (month ^ (month >> 3)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_day_of_ten_thousand_years_is_jiffs() {
        let mut civil = jiff::civil::date(1, 1, 1);
        for number in day_number(1, 1, 1)..=day_number(9999, 12, 31) {
            let date = date(number);
            assert_eq!(
                (date.year, date.month, date.day),
                (i32::from(civil.year()), civil.month() as u32, civil.day() as u32)
            );
            assert_eq!(day_number(date.year, date.month, date.day), number);
            assert_eq!(weekday(number), civil.weekday().to_sunday_zero_offset() as u32);
            assert_eq!(is_leap(date.year), civil.in_leap_year());
            assert_eq!(days_in_month(date.month, is_leap(date.year)), civil.days_in_month() as u32);
            let start_of_year = day_number(date.year, 1, 1);
            let start_of_month = number - date.day as i32 + 1;
            assert_eq!(start_of_year + days_before(date.month, is_leap(date.year)), start_of_month);
            civil = civil.tomorrow().unwrap_or(civil);
        }
    }
}
