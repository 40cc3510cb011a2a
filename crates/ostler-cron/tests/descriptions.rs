//! What a person would write for an expression, over the whole grammar.

#![allow(clippy::unwrap_used, reason = "tests may fail")]

use ostler_cron::{Cron, Every, Expression};

/// The id for `H`.
const ID: &str = "nightly-cleanup";

/// Each line is an expression and its sentence.
const SENTENCES: &str = "
# Times of the day.
0 8 * * *                     | At 08:00, every day
0 0 8 * * *                   | At 08:00, every day
30 2 * * *                    | At 02:30, every day
0 0 * * *                     | At 00:00, every day
59 59 23 * * *                | At 23:59:59, every day
30 0 8 * * *                  | At 08:00:30, every day
0 8,12,18 * * *               | At 08:00, 12:00 and 18:00, every day
0 8,20 * * *                  | At 08:00 and 20:00, every day
0,30 8 * * *                  | At 08:00 and 08:30, every day
0,30 8,18 * * *               | At 08:00, 08:30, 18:00 and 18:30, every day
15,45 6,18 * * *              | At 06:15, 06:45, 18:15 and 18:45, every day
0,30 0 8 * * *                | At 08:00:00 and 08:00:30, every day
5 10,20,30 12 * * *           | At 12:10:05, 12:20:05 and 12:30:05, every day
0 */6 * * *                   | At 00:00, 06:00, 12:00 and 18:00, every day
0 */7 * * *                   | At 00:00, 07:00, 14:00 and 21:00, every day
0 */5 * * *                   | At 00:00, 05:00, 10:00, 15:00 and 20:00, every day
*/11 8 * * *                  | At 08:00, 08:11, 08:22, 08:33, 08:44 and 08:55, every day
0 22-23,3-4 * * *             | At 03:00, 04:00, 22:00 and 23:00, every day
0 1,2,3,5,8,13,21 * * *       | At 01:00, 02:00, 03:00, 05:00, 08:00, 13:00 and 21:00, every day

# Every so often.
* * * * * *                   | Every second
* * * * *                     | Every minute
0 * * * *                     | Every hour, on the hour
*/10 * * * * *                | Every 10 seconds
0,30 * * * * *                | Every 30 seconds
*/15 * * * *                  | Every 15 minutes
0,30 * * * *                  | Every 30 minutes
*/2 * * * *                   | Every 2 minutes
0 */2 * * *                   | Every 2 hours, from 00:00 to 22:00
0 1/2 * * *                   | Every 2 hours, from 01:00 to 23:00
0 */4 * * *                   | Every 4 hours, from 00:00 to 20:00
0 9-17 * * *                  | Every hour, from 09:00 to 17:00
30 9-17 * * *                 | Every hour, from 09:30 to 17:30
* 9-17 * * *                  | Every minute, from 09:00 to 17:59
* 2 * * *                     | Every minute, from 02:00 to 02:59
*/5 9-17 * * *                | Every 5 minutes, from 09:00 to 17:55
5/15 9-17 * * *               | Every 15 minutes, from 09:05 to 17:50
10-20 8 * * *                 | Every minute, from 08:10 to 08:20
*/7 8 * * *                   | Every 7 minutes, from 08:00 to 08:56
50-10/7 2 * * *               | At 02:04, 02:50 and 02:57, every day
1/5 * * * *                   | Every 5 minutes, from 00:01 to 23:56
30 */5 * * * *                | Every 5 minutes, from 00:00:30 to 23:55:30
30 5/15 * * * *               | Every 15 minutes, from 00:05:30 to 23:50:30
30 0 9-17 * * *               | Every hour, from 09:00:30 to 17:00:30
* * 9-17 * * *                | Every second, from 09:00:00 to 17:59:59
*/10 30 8 * * *               | Every 10 seconds, from 08:30:00 to 08:30:50
* 0 0 * * *                   | Every second, from 00:00:00 to 00:00:59

# Past each hour, past each minute.
30 * * * *                    | At 30 minutes past every hour
1 * * * *                     | At 1 minute past every hour
15,45 * * * *                 | At 15 and 45 minutes past every hour
5/15 * * * *                  | At 5, 20, 35 and 50 minutes past every hour
0,5,20 * * * *                | At 0, 5 and 20 minutes past every hour
5,10-15,40 * * * *            | At 5, 10 to 15 and 40 minutes past every hour
5,35 9-17 * * *               | Every 30 minutes, from 09:05 to 17:35
5,40 9-17 * * *               | At 5 and 40 minutes past every hour from 09:00 to 17:00
5,40 8,12,18,20 * * *         | At 5 and 40 minutes past 08:00, 12:00, 18:00 and 20:00
5,40 */2 * * *                | At 5 and 40 minutes past every 2nd hour from 00:00 to 22:00
30 * * * * *                  | At 30 seconds past every minute
1 * * * * *                   | At 1 second past every minute
15,45 * * * * *               | At 15 and 45 seconds past every minute
30 15 * * * *                 | At 15 minutes and 30 seconds past every hour
1 1 * * * *                   | At 1 minute and 1 second past every hour
30 0 * * * *                  | At 30 seconds past every hour

# Grids that begin anew.
*/7 * * * *                   | Every 7 minutes from minute 0 to minute 56 of every hour
3/7 * * * *                   | Every 7 minutes from minute 3 to minute 59 of every hour
10-20 * * * *                 | Every minute from minute 10 to minute 20 of every hour
0-30/5 * * * *                | Every 5 minutes from minute 0 to minute 30 of every hour
*/7 9-17 * * *                | Every 7 minutes from minute 0 to minute 56 of every hour, from 09:00 to 17:56
*/7 8,12 * * *                | Every 7 minutes from minute 0 to minute 56 of the hour, from 08:00 to 08:56 and 12:00 to 12:56
*/7 * * * * *                 | Every 7 seconds from second 0 to second 56 of every minute
*/7 * 9-17 * * *              | Every 7 seconds from second 0 to second 56 of every minute, from 09:00:00 to 17:59:56

# Only in some hours or minutes.
* 8,12,18 * * *               | Every minute, from 08:00 to 08:59, 12:00 to 12:59 and 18:00 to 18:59
*/5 8-11,14-17 * * *          | Every 5 minutes, from 08:00 to 11:55 and 14:00 to 17:55
*/5 22-3 * * *                | Every 5 minutes, from 00:00 to 03:55 and 22:00 to 23:55
* */2 * * *                   | Every minute, in every 2nd hour from 00:00 to 22:59
* 1,3,4,8,12 * * *            | Every minute, in the hours 01, 03, 04, 08 and 12
* 1-5,8,12 * * *              | Every minute, from 01:00 to 05:59, 08:00 to 08:59 and 12:00 to 12:59
* 1-5,8,12,14 * * *           | Every minute, in the hours 01 to 05, 08, 12 and 14
* 30 * * * *                  | Every second, in minute 30 of every hour
*/10 */5 * * * *              | Every 10 seconds, in every 5th minute from 00:00 to 23:55
*/10 0,30 8,12 * * *          | Every 10 seconds, in the minutes 08:00, 08:30, 12:00 and 12:30
30 5,40 9-17 * * *            | At 30 seconds past the minute, in minutes 5 and 40 of every hour from 09:00 to 17:59
15,40 * 9-17 * * *            | At 15 and 40 seconds past every minute, from 09:00:15 to 17:59:40

# Days of the week.
0 8 * * MON-FRI               | At 08:00, Monday to Friday
0 8 ? * 1,2,3,4,5             | At 08:00, Monday to Friday
0 8 * * MON                   | At 08:00, on Mondays
0 8 * * 0                     | At 08:00, on Sundays
0 8 * * 7                     | At 08:00, on Sundays
0 8 * * SAT,SUN               | At 08:00, on Saturdays and Sundays
0 8 * * MON,WED,FRI           | At 08:00, on Mondays, Wednesdays and Fridays
0 8 * * FRI-TUE               | At 08:00, Friday to Tuesday
0 8 * * */2                   | At 08:00, on Tuesdays, Thursdays, Saturdays and Sundays
0 8 * * 1-6                   | At 08:00, Monday to Saturday
*/5 9-17 * * MON-FRI          | Every 5 minutes, from 09:00 to 17:55, Monday to Friday
0 9-17 * * MON-FRI            | Every hour, from 09:00 to 17:00, Monday to Friday
*/15 * * * SUN                | Every 15 minutes, on Sundays
0 0 * * MON#1                 | At 00:00, on the first Monday of the month
0 0 * * MON#1,MON#3           | At 00:00, on the first and third Monday of the month
0 0 * * TUE#5                 | At 00:00, on the fifth Tuesday of the month
0 8 * * FRIL                  | At 08:00, on the last Friday of the month
0 8 * * 7L                    | At 08:00, on the last Sunday of the month
0 8 * * MON#2,FRIL            | At 08:00, on the second Monday and on the last Friday of the month
0 8 * * MON,FRI#1             | At 08:00, on Mondays and on the first Friday of the month
0 8 * * MON-WED,FRIL          | At 08:00, Monday to Wednesday and on the last Friday of the month

# Days of the month.
0 0 1 * *                     | At 00:00, on the 1st of the month
0 0 1,15 * *                  | At 00:00, on the 1st and 15th of the month
0 0 2,3,11,12,13,22,23,31 * * | At 00:00, on the 2nd, 3rd, 11th to 13th, 22nd, 23rd and 31st of the month
0 0 1-7 * *                   | At 00:00, from the 1st to the 7th of the month
0 0 */2 * *                   | At 00:00, on every 2nd day from the 1st to the 31st of the month
0 0 */10 * *                  | At 00:00, on the 1st, 11th, 21st and 31st of the month
0 0 28-3 * *                  | At 00:00, on the 1st to 3rd and 28th to 31st of the month
0 8 L * *                     | At 08:00, on the last day of the month
0 8 L-1 * *                   | At 08:00, on the day before the last day of the month
0 8 L-3 * *                   | At 08:00, on the 3rd day before the last day of the month
0 8 LW * *                    | At 08:00, on the last weekday of the month
30 2 15W * *                  | At 02:30, on the weekday nearest the 15th of the month
0 8 L-3W * *                  | At 08:00, on the weekday nearest the 3rd day before the last day of the month
0 8 15W,LW * *                | At 08:00, on the weekday nearest the 15th and on the last weekday of the month
0 8 1,L * *                   | At 08:00, on the 1st and on the last day of the month
0 8 1,15,L * *                | At 08:00, on the 1st and 15th and on the last day of the month

# Months.
0 8 * JAN *                   | At 08:00, every day in January
0 8 * 1,7 *                   | At 08:00, every day in January and July
0 8 * 3-6 *                   | At 08:00, every day from March to June
0 8 * DEC-FEB *               | At 08:00, every day from December to February
0 8 * */3 *                   | At 08:00, every day in January, April, July and October
*/15 * * MAY *                | Every 15 minutes, every day in May
0 0 1 1 *                     | At 00:00, on the 1st of January
0 0 1 */3 *                   | At 00:00, on the 1st of January, April, July and October
0 0 1 6-8 *                   | At 00:00, on the 1st of each month from June to August
0 0 24-26 DEC *               | At 00:00, from the 24th to the 26th of December
0 8 L FEB *                   | At 08:00, on the last day of February
0 8 1,L 6 *                   | At 08:00, on the 1st and on the last day of the month, in June
0 8 * MAR MON-FRI             | At 08:00, Monday to Friday, in March
0 8 * DEC-FEB SAT             | At 08:00, on Saturdays, from December to February
0 8 * MAR MON#1               | At 08:00, on the first Monday of March
0 8 * 3,9 MON,FRI#1           | At 08:00, on Mondays and on the first Friday of the month, in March and September

# Both day of month and day of week.
0 0 13 * FRI                  | At 00:00, on the 13th of the month when it is a Friday
0 0 1,15 * MON                | At 00:00, on the 1st and 15th of the month, only when it is a Monday
0 0 1-7 * MON,THU             | At 00:00, from the 1st to the 7th of the month, only when it is a Monday or a Thursday
0 0 24 DEC MON-FRI            | At 00:00, on the 24th of December when it is a day from Monday to Friday
0 0 L * SUN                   | At 00:00, on the last day of the month, only when it is a Sunday
0 0 8-14 * FRI#2,FRIL         | At 00:00, from the 8th to the 14th of the month, only when it is the second or last Friday of the month

# Leap years, and never.
0 12 29 2 *                   | At 12:00, on the 29th of February, in leap years
0 0 29 2 MON                  | At 00:00, on the 29th of February when it is a Monday, in leap years
0 0 * 2 SUN#5                 | At 00:00, on the fifth Sunday of February, in leap years
0 0 L-28 2 *                  | At 00:00, on the 28th day before the last day of February, in leap years
0 0 30 2 *                    | Never: there is no 30 February
0 0 31 2,4,6 *                | Never: there is no 31 February, 31 April or 31 June
0 0 30,31 2 *                 | Never: there is no such day (on the 30th and 31st of February)
0 0 30W 2 *                   | Never: there is no such day (on the weekday nearest the 30th of February)
0 0 1-7 * MON#5               | Never: there is no such day (from the 1st to the 7th of the month, only when it is the fifth Monday of the month)

# Macros and intervals.
@every_second                 | Every second
@every_minute                 | Every minute
@hourly                       | Every hour, on the hour
@daily                        | At 00:00, every day
@midnight                     | At 00:00, every day
@weekly                       | At 00:00, on Sundays
@monthly                      | At 00:00, on the 1st of the month
@yearly                       | At 00:00, on the 1st of January
@annually                     | At 00:00, on the 1st of January
@every 1s                     | Every second, counted from its start
@every 90s                    | Every 90 seconds, counted from its start
@every 15m                    | Every 15 minutes, counted from its start
@every 1h30m                  | Every 90 minutes, counted from its start
@every 1h                     | Every hour, counted from its start
@every 24h                    | Every 24 hours, counted from its start
@every 1d                     | Every 24 hours, counted from its start
@every 7d                     | Every 7 days, counted from its start
@every 36h                    | Every 36 hours, counted from its start
@every 1d 1h 1m 1s            | Every 1 day, 1 hour, 1 minute and 1 second, counted from its start
@every 2h30m30s               | Every 2 hours, 30 minutes and 30 seconds, counted from its start
@every 100ms                  | Every 100 milliseconds, counted from its start
@every 1s500ms                | Every 1 second and 500 milliseconds, counted from its start
";

fn lines() -> impl Iterator<Item = (&'static str, &'static str)> {
    let lines = SENTENCES.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines.map(|line| line.split_once('|').unwrap()).map(|(text, sentence)| (text.trim(), sentence.trim()))
}

#[test]
fn expressions_are_described_as_a_person_would() {
    let mut wrong = Vec::new();
    for (text, sentence) in lines() {
        let found = Expression::parse(text).unwrap().describe().to_string();
        if found != sentence {
            wrong.push(format!("{text}\n  found    {found}\n  expected {sentence}"));
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
    assert!(lines().count() >= 100);
}

#[test]
fn the_canonical_text_has_the_same_sentence() {
    for (text, sentence) in lines() {
        let canonical = Expression::parse(text).unwrap().to_string();
        assert_eq!(Expression::parse(&canonical).unwrap().describe().to_string(), sentence, "{text}");
    }
}

/// The hash can never be changed, so that neither can these.
#[test]
fn what_was_chosen_for_h_is_told() {
    let words = |text| Cron::parse_with_id(text, ID).unwrap().describe().to_string();
    assert_eq!(words("H H * * *"), "At 19:47, every day");
    assert_eq!(words("H/15 * * * *"), "At 2, 17, 32 and 47 minutes past every hour");
    assert_eq!(words("0 3 H * *"), "At 03:00, on the 27th of the month");
    assert_eq!(words("0 3 * * H"), "At 03:00, on Sundays");
}

#[test]
fn each_kind_of_expression_has_words() {
    let (cron, every) = (Cron::parse("@daily").unwrap(), Every::parse("@every 90s").unwrap());
    assert_eq!(cron.describe().to_string(), Expression::Cron(cron).describe().to_string());
    assert_eq!(every.describe().to_string(), Expression::Every(every).describe().to_string());
    assert_eq!(format!("{:?}", every.describe()), "Description(Every 90 seconds, counted from its start)");
}

#[test]
fn the_readme_says_what_is_said() {
    let readme = include_str!("../README.md");
    let words = readme.split("## Words").nth(1).and_then(|rest| rest.split("\n\n").nth(1)).unwrap();
    let rows: Vec<&str> = words.lines().filter(|line| line.starts_with("| `")).collect();
    for row in &rows {
        let (text, sentence) = row.trim_matches(['|', ' ']).split_once(" | ").unwrap();
        let cron = Cron::parse(text.trim_matches('`')).unwrap();
        assert_eq!(cron.describe().to_string(), sentence);
    }
    assert_eq!(rows.len(), 6);
}
