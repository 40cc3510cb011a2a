//! What is an expression, which of them are equal, and what is said of the others.

use std::collections::HashSet;
use std::time::Duration;

use ostler_cron::{Cron, Every, Expression, Field, ParseError};

use Field::{DayOfMonth, DayOfWeek, Hour, Minute, Month, Second};

fn parse(text: &str) -> Cron {
    Cron::parse(text).unwrap_or_else(|error| panic!("{text:?}: {error}"))
}

#[test]
fn different_texts_of_one_expression() {
    let equal: &[&[&str]] = &[
        // Five fields are six with the second 0.
        &["0 8 * * *", "0 0 8 * * *", "00 00 08 * * *"],
        // Blanks of any number and kind, around it and between.
        &["0 8 * * 1", "  0   8 * *\t1\t", "\t 0 \t 8 * * \t 1  "],
        &["0 8 * * *", "0 8 ? * ?", "0 8 ? ? *"],
        &[
            "* * * * *",
            "? ? ? ? ?",
            "0 * * * * *",
            "*/1 ?/1 * * *",
            "0-59 0-23 1-31 1-12 0-7",
            "@every_minute",
        ],
        &["* * * * * *", "@every_second", "@EVERY_SECOND", "0-59 * * * * *", "0/1 * * * * *"],
        &["0 * * * *", "@hourly", "0 0-23 * * *", "0 0/1 * * *", "0 23-22 * * *"],
        &["0 0 * * *", "@daily", "@midnight", "@Daily", " @midnight\t", "0 0 1-31 JAN-DEC SUN-SAT"],
        &[
            "0 0 * * 0",
            "@weekly",
            "0 0 * * 7",
            "0 0 * * SUN",
            "0 0 * * sUn",
            "0 0 * * */7",
            "0 0 * * 0,7",
            "0 0 * * 7-0",
        ],
        &["0 0 1 * *", "@monthly", "0 0 1 */1 *"],
        &["0 0 1 1 *", "@yearly", "@annually", "0 0 1 JAN *", "0 0 1 jan ?"],
        // Reverse ranges.
        &[
            "0 0 * * 5,6,0,1,2",
            "0 0 * * FRI-TUE",
            "0 0 * * 5-2",
            "0 0 * * fri-tue/1",
            "0 0 * * 0-2,5-6",
            "0 0 * * 5-7,1,2",
        ],
        &["0 0 * * 1,5", "0 0 * * 5-2/3"],
        &["0 0 * * 5,0,2", "0 0 * * FRI-TUE/2"],
        &["0 22-3 * * *", "0 22,23,0-3 * * *", "0 22-23,00-03 * * *"],
        &["0 22-3/2 * * *", "0 22-22,0-0,2 * * *"],
        &["50-10/7 * * * *", "50-50,57,4 * * * *"],
        &["0 0 * DEC-FEB *", "0 0 * 12,1,2 *", "0 0 * 12-2 *"],
        &["0 0 30-2 * *", "0 0 30,31,1,2 * *"],
        &["0 0 30-4/2 * *", "0 0 30,1,3 * *"],
        // The week begins on either Sunday, and a step may end on the second.
        &["0 0 * * 1/2", "0 0 * * 1,3,5,7", "0 0 * * 1-7/2", "0 0 * * 0,1,3,5"],
        &["0 0 * * 7-2", "0 0 * * 0-2", "0 0 * * SUN-TUE"],
        &["0 0 * * 5-7", "0 0 * * FRI-SUN", "0 0 * * 5,6,0"],
        &["0 0 * * */2", "0 0 * * 0,2,4,6"],
        &["0 0 * * 7/3", "0 0 * * 0"],
        // A step from a value goes to the field's maximum.
        &["10/20 * * * *", "10-59/20 * * * *", "10-10,30,50 * * * *"],
        &["0 20/2 * * *", "0 20,22-22 * * *"],
        &["0 0 28/2 * *", "0 0 28,30 * *"],
        &["0 0 1 9/2 *", "0 0 1 SEP,NOV *"],
        &["*/59 * * * *", "0,59-59 * * * *"],
        &["0 0 */31 * *", "0 0 1 * *"],
        &["0 0 1 */12 *", "0 0 1 1 *"],
        // Special days.
        &["0 0 L * *", "0 0 l * *", "0 0 L-0 * *", "0 0 L-00 * *", "0 0 L,L * *"],
        &["0 0 LW * *", "0 0 lw * *", "0 0 L-0W * *"],
        &["0 0 15W * *", "0 0 15w * *"],
        &["0 0 L-3W * *", "0 0 l-03w * *"],
        &["0 0 * * 5L", "0 0 * * FRIL", "0 0 * * fril"],
        &["0 0 * * 7L", "0 0 * * 0L", "0 0 * * SUNL"],
        &["0 0 * * 1#2", "0 0 * * MON#2", "0 0 * * 01#2"],
        &["0 0 * * 7#5", "0 0 * * 0#5", "0 0 * * sun#5"],
        &["0 0 * * MON#1,MON#3", "0 0 * * 1#3,1#1"],
        &["0 0 15W,LW * *", "0 0 LW,15W * *"],
        &["0 0 1,L * *", "0 0 L,1 * *"],
        &["0 0 1-3,15W,L-2 * *", "0 0 L-2,1,2,3,15W * *"],
        &["0 0 * * MON-WED,FRIL", "0 0 * * 5L,1,2,3"],
        // Lists: the order and repetitions do not matter.
        &["0,30 8 * * *", "30,0 8 * * *", "30,0,30,00 8 * * *"],
    ];
    for texts in equal {
        let first = parse(texts[0]);
        for text in *texts {
            let cron = parse(text);
            assert_eq!(cron, first, "{text:?} and {:?}", texts[0]);
            assert_eq!(HashSet::from([cron, first]).len(), 1, "the hashes of {text:?} and {:?}", texts[0]);
            assert_eq!(cron.to_string(), first.to_string());
            assert_eq!(cron.is_interval(), first.is_interval());
            assert_eq!(text.parse::<Cron>(), Ok(cron));
            assert_eq!(Cron::try_from(*text), Ok(cron));
            assert_eq!(Expression::parse(text), Ok(Expression::Cron(cron)));
            assert_eq!(Cron::parse_with_id(text, "an id"), Ok(cron));
        }
    }
}

#[test]
fn expressions_that_are_not_equal() {
    let different = [
        // A list is a point, the same values as a grid are an interval.
        ("0,30 8 * * *", "*/30 8 * * *"),
        ("0 8 * * *", "0-0 8 * * *"),
        ("0 8 * * *", "0 0/59 8 * * *"),
        ("0 8 * * *", "0 8 * * 1-5"),
        ("0 0 LW * *", "0 0 L * *"),
        ("0 0 15W * *", "0 0 15 * *"),
        ("0 0 L-3 * *", "0 0 L-3W * *"),
        ("0 0 * * 5L", "0 0 * * 5"),
        ("0 0 * * 5L", "0 0 * * 5#4"),
        ("* * * * *", "* * * * * *"),
    ];
    for (one, other) in different {
        assert_ne!(parse(one), parse(other), "{one:?} and {other:?}");
        assert_ne!(parse(one).to_string(), parse(other).to_string(), "{one:?} and {other:?}");
    }
}

/// Whether an expression is an interval is said by its second, minute and hour alone, as they are written.
#[test]
fn intervals_and_points() {
    let intervals = [
        "* 8 * * *",
        "0 ? * * *",
        "0-0 8 * * *",
        "0 8-9 * * *",
        "0/59 0 8 * * *",
        "0 8/20 * * *",
        "5,10-11 8 * * *",
    ];
    let points = [
        "0 8 * * *",
        "0,30 8,9 * * *",
        "0 8 */2 1-6 MON-FRI",
        "0 8 L-3 * *",
        "0 8 ? * ?",
        "1,2,3 4,5 6,7 * * *",
    ];
    for text in intervals {
        assert!(parse(text).is_interval(), "{text:?}");
    }
    for text in points {
        assert!(!parse(text).is_interval(), "{text:?}");
    }
}

/// The text, the field, the byte at which the caret stands, and some of what is said.
type Mistake = (&'static str, Option<Field>, usize, &'static str);

const MISTAKES: &[Mistake] = &[
    // The number of fields.
    ("", None, 0, "empty"),
    ("  \t ", None, 4, "empty"),
    ("*", None, 1, "found 1 field"),
    ("0 8 * *", None, 7, "found 4 fields"),
    ("* * * * * * *", None, 12, "found 7 fields"),
    ("  0 0 8 * * * 2026", None, 14, "found 7 fields"),
    // Nicknames.
    ("@dayly", None, 0, "unknown macro; did you mean @daily?"),
    ("  @dayly", None, 2, "unknown macro; did you mean @daily?"),
    ("@DIALY", None, 0, "unknown macro; did you mean @daily?"),
    ("@anually", None, 0, "did you mean @annually?"),
    ("@weeklyy", None, 0, "did you mean @weekly?"),
    ("@evry 90s", None, 0, "did you mean @every?"),
    ("@biweekly", None, 0, "unknown macro; there are @every_second"),
    ("@", None, 0, "unknown macro"),
    ("@daily 5", None, 7, "@daily takes nothing after it"),
    (" @Hourly \t * *", None, 11, "@hourly takes nothing after it"),
    ("@reboot", None, 0, "unknown macro"),
    ("@every 90s", None, 0, "@every"),
    // Numbers beyond a field.
    ("60 * * * * *", Some(Second), 0, "60 is out of range; allowed is 0 to 59"),
    ("60 * * * *", Some(Minute), 0, "60 is out of range; allowed is 0 to 59"),
    ("0 60 * * * *", Some(Minute), 2, "60 is out of range; allowed is 0 to 59"),
    ("0 24 * * *", Some(Hour), 2, "24 is out of range; allowed is 0 to 23"),
    ("0 0 32 * *", Some(DayOfMonth), 4, "32 is out of range; allowed is 1 to 31"),
    ("0 0 0 * *", Some(DayOfMonth), 4, "0 is out of range; allowed is 1 to 31"),
    ("0 0 1 13 *", Some(Month), 6, "13 is out of range; allowed is 1 to 12"),
    ("0 0 1 0 *", Some(Month), 6, "0 is out of range; allowed is 1 to 12"),
    ("0 0 1 1 8", Some(DayOfWeek), 8, "8 is out of range; allowed is 0 to 7"),
    ("0 0 0 1 1 8", Some(DayOfWeek), 10, "8 is out of range; allowed is 0 to 7"),
    // Within lists and ranges, at the number itself.
    ("0,15,60 * * * *", Some(Minute), 5, "60 is out of range"),
    ("0 0-24 * * *", Some(Hour), 4, "24 is out of range"),
    ("0 24-5 * * *", Some(Hour), 2, "24 is out of range"),
    ("0 0 32W * *", Some(DayOfMonth), 4, "32 is out of range"),
    ("0 0 0W * *", Some(DayOfMonth), 4, "0 is out of range"),
    ("0 0 * * 8L", Some(DayOfWeek), 8, "8 is out of range"),
    ("0 0 * * 8#1", Some(DayOfWeek), 8, "8 is out of range"),
    // More than two digits.
    ("050 * * * *", Some(Minute), 0, "two digits"),
    ("0 008 * * *", Some(Hour), 2, "two digits"),
    ("0 0 1-031 * *", Some(DayOfMonth), 6, "two digits"),
    ("0 0 1 1 007", Some(DayOfWeek), 8, "two digits"),
    ("99999999999999999999 * * * *", Some(Minute), 0, "two digits"),
    // Names.
    ("0 0 1 JANUARY *", Some(Month), 6, "names have three letters, JAN to DEC"),
    ("0 0 * * MONDAY", Some(DayOfWeek), 8, "names have three letters, SUN to SAT"),
    ("0 0 * * monday-friday", Some(DayOfWeek), 8, "names have three letters, SUN to SAT"),
    ("0 0 * * mon-friday", Some(DayOfWeek), 12, "names have three letters, SUN to SAT"),
    ("0 0 * * 1 root", Some(DayOfWeek), 10, "names have three letters, SUN to SAT"),
    ("0 0 * * MONL,MONLY", Some(DayOfWeek), 13, "names have three letters, SUN to SAT"),
    ("0 0 * * MONW", Some(DayOfWeek), 8, "names have three letters, SUN to SAT"),
    ("0 0 1 JANL *", Some(Month), 6, "names have three letters, JAN to DEC"),
    ("0 0 * * DI\u{c9}", Some(DayOfWeek), 8, "names have three letters, SUN to SAT"),
    ("0 0 * MON *", Some(Month), 6, "`MON` is not a value; allowed is 1 to 12, or JAN to DEC"),
    ("0 0 * * JAN", Some(DayOfWeek), 8, "`JAN` is not a value; allowed is 0 to 7"),
    ("0 0 * * MO", Some(DayOfWeek), 8, "names have three letters, SUN to SAT"),
    ("0 MON * * *", Some(Hour), 2, "allowed is 0 to 23"),
    ("JAN * * * *", Some(Minute), 0, "allowed is 0 to 59"),
    ("0 0 MON * *", Some(DayOfMonth), 4, "allowed is 1 to 31"),
    ("0 0 * * FRI-XYZ", Some(DayOfWeek), 12, "`XYZ`"),
    // A star is not one of a list.
    ("*,5 * * * *", Some(Minute), 1, "cannot be in a list"),
    ("5,* * * * *", Some(Minute), 2, "cannot be in a list"),
    ("?,5 * * * * *", Some(Second), 1, "cannot be in a list"),
    ("0 5,? * * *", Some(Hour), 4, "cannot be in a list"),
    ("0 0 */2,5 * *", Some(DayOfMonth), 7, "cannot be in a list"),
    ("0 0 L,* * *", Some(DayOfMonth), 6, "cannot be in a list"),
    ("0 0 1 *,2 *", Some(Month), 7, "cannot be in a list"),
    ("0 0 1 1 MON#1,*", Some(DayOfWeek), 14, "cannot be in a list"),
    ("*-5 * * * *", Some(Minute), 1, ""),
    ("** * * * *", Some(Minute), 1, "`*`"),
    // Steps.
    ("*/0 * * * * *", Some(Second), 2, "a step is 1 to 59"),
    ("*/0 * * * *", Some(Minute), 2, "a step is 1 to 59"),
    ("*/60 * * * *", Some(Minute), 2, "a step is 1 to 59"),
    ("0 */24 * * *", Some(Hour), 4, "a step is 1 to 23"),
    ("0 0 */32 * *", Some(DayOfMonth), 6, "a step is 1 to 31"),
    ("0 0 1 */13 *", Some(Month), 8, "a step is 1 to 12"),
    ("0 0 * * */8", Some(DayOfWeek), 10, "a step is 1 to 7"),
    ("0 0 * * */0", Some(DayOfWeek), 10, "a step is 1 to 7"),
    ("5/0 * * * *", Some(Minute), 2, "a step is 1 to 59"),
    ("0 1-5/0 * * *", Some(Hour), 6, "a step is 1 to 23"),
    ("*/ * * * *", Some(Minute), 2, "a step is 1 to 59"),
    ("*/* * * * *", Some(Minute), 2, "a step is 1 to 59"),
    ("*/-5 * * * *", Some(Minute), 2, "a step is 1 to 59"),
    ("*/5/5 * * * *", Some(Minute), 3, "`/`"),
    ("0 0 1 */JAN *", Some(Month), 8, "a step is 1 to 12"),
    ("*/005 * * * *", Some(Minute), 2, "a step is 1 to 59"),
    // Items that are missing.
    (", * * * *", Some(Minute), 0, "`,`"),
    ("1, * * * *", Some(Minute), 2, "the field ends"),
    ("0 ,1 * * *", Some(Hour), 2, "`,`"),
    ("0 1,,2 * * *", Some(Hour), 4, "`,`"),
    ("0 0 L, * *", Some(DayOfMonth), 6, "the field ends"),
    ("0 0 1 JAN, *", Some(Month), 10, "the field ends"),
    ("0 0 * * MON,", Some(DayOfWeek), 12, "the field ends"),
    ("1- * * * *", Some(Minute), 2, "the field ends"),
    ("-1 * * * *", Some(Minute), 0, "`-`"),
    ("0 1--2 * * *", Some(Hour), 4, "`-`"),
    ("0 1-2-3 * * *", Some(Hour), 5, "`-`"),
    ("/5 * * * *", Some(Minute), 0, "`/`"),
    ("1+2 * * * *", Some(Minute), 1, "`+`"),
    ("0 8.5 * * *", Some(Hour), 3, "`.`"),
    // L, W and # have their fields.
    ("0 0 * * L", Some(DayOfWeek), 8, "`L` needs a day here"),
    ("0 0 * * l", Some(DayOfWeek), 8, "`L` needs a day here"),
    ("0 0 * * 1,L", Some(DayOfWeek), 10, "`L` needs a day here"),
    ("L * * * * *", Some(Second), 0, "`L`"),
    ("L * * * *", Some(Minute), 0, "`L`"),
    ("0 L * * *", Some(Hour), 2, "`L`"),
    ("0 0 1 L *", Some(Month), 6, "`L`"),
    ("5L * * * *", Some(Minute), 1, "`L`"),
    (
        "0 0 5L * *",
        Some(DayOfMonth),
        5,
        "5L for the last Friday, is a day of week; a day of month is L, L-3 or LW",
    ),
    ("0 0 1-5L * *", Some(DayOfMonth), 7, "is a day of week"),
    ("0 0 1/5l * *", Some(DayOfMonth), 7, "is a day of week"),
    ("5W * * * *", Some(Minute), 1, "`W`"),
    ("0 5w * * *", Some(Hour), 3, "`w`"),
    ("0 0 1 5W *", Some(Month), 7, "`W`"),
    ("0 0 * * 5W", Some(DayOfWeek), 9, "`W`"),
    ("0 0 * * LW", Some(DayOfWeek), 8, "`L` needs a day here"),
    ("0 0 W * *", Some(DayOfMonth), 4, "`W` needs a day before it"),
    ("0 0 WL * *", Some(DayOfMonth), 4, "`W` needs a day before it"),
    ("0 0 15#1 * *", Some(DayOfMonth), 6, "`#`"),
    ("1#1 * * * *", Some(Minute), 1, "`#`"),
    ("0 0 1 1#1 *", Some(Month), 7, "`#`"),
    ("0 0 LL * *", Some(DayOfMonth), 5, "`L`"),
    ("0 0 LWW * *", Some(DayOfMonth), 6, "`W`"),
    ("0 0 15WL * *", Some(DayOfMonth), 7, "`L`"),
    ("0 0 L15 * *", Some(DayOfMonth), 5, "such as L-3"),
    ("0 0 L3W * *", Some(DayOfMonth), 5, "such as L-3"),
    ("0 0 L-3L * *", Some(DayOfMonth), 7, "`L` does not belong here"),
    // How far back, and which one.
    ("0 0 L-31 * *", Some(DayOfMonth), 6, "0 to 30"),
    ("0 0 L-31W * *", Some(DayOfMonth), 6, "0 to 30"),
    ("0 0 L- * *", Some(DayOfMonth), 6, "0 to 30"),
    ("0 0 L--1 * *", Some(DayOfMonth), 6, "0 to 30"),
    ("0 0 L-W * *", Some(DayOfMonth), 6, "0 to 30"),
    ("0 0 L-003 * *", Some(DayOfMonth), 6, "0 to 30"),
    ("0 0 * * MON#6", Some(DayOfWeek), 12, "#1 to #5"),
    ("0 0 * * MON#0", Some(DayOfWeek), 12, "#1 to #5"),
    ("0 0 * * MON#", Some(DayOfWeek), 12, "#1 to #5"),
    ("0 0 * * MON#MON", Some(DayOfWeek), 12, "#1 to #5"),
    ("0 0 * * MON#-1", Some(DayOfWeek), 12, "#1 to #5"),
    ("0 0 * * #1", Some(DayOfWeek), 8, "`#`"),
    ("0 0 * * 1#1L", Some(DayOfWeek), 11, "`L`"),
    // None of them with a range or a step.
    ("0 0 1-15W * *", Some(DayOfMonth), 8, "cannot be combined with a range or a step"),
    ("0 0 15W-20 * *", Some(DayOfMonth), 7, "cannot be combined with a range or a step"),
    ("0 0 15W/2 * *", Some(DayOfMonth), 7, "cannot be combined with a range or a step"),
    ("0 0 L/2 * *", Some(DayOfMonth), 5, "cannot be combined with a range or a step"),
    ("0 0 LW/2 * *", Some(DayOfMonth), 6, "cannot be combined with a range or a step"),
    ("0 0 L-3/2 * *", Some(DayOfMonth), 7, "cannot be combined with a range or a step"),
    ("0 0 L-3-5 * *", Some(DayOfMonth), 7, "cannot be combined with a range or a step"),
    ("0 0 1-L * *", Some(DayOfMonth), 6, "`L`"),
    ("0 0 * * MON-FRIL", Some(DayOfWeek), 15, "cannot be combined with a range or a step"),
    ("0 0 * * MON#1-FRI", Some(DayOfWeek), 13, "cannot be combined with a range or a step"),
    ("0 0 * * MON-FRI#1", Some(DayOfWeek), 15, "cannot be combined with a range or a step"),
    ("0 0 * * MON#1/2", Some(DayOfWeek), 13, "cannot be combined with a range or a step"),
    ("0 0 * * 5L/2", Some(DayOfWeek), 10, "cannot be combined with a range or a step"),
    ("0 0 * * */2L", Some(DayOfWeek), 11, "`L` cannot be combined with a range or a step"),
    ("0 0 1/2W * *", Some(DayOfMonth), 7, "`W` cannot be combined with a range or a step"),
    ("0 0 */2w * *", Some(DayOfMonth), 7, "`W` cannot be combined with a range or a step"),
    ("0 0 1-9/2W * *", Some(DayOfMonth), 9, "`W` cannot be combined with a range or a step"),
    ("0 0 * * 1/2#1", Some(DayOfWeek), 11, "`#` cannot be combined with a range or a step"),
    // A letter of another field is not said to be one of a list here.
    ("1-5L * * * *", Some(Minute), 3, "`L` does not belong here"),
    ("1-5W * * * *", Some(Minute), 3, "`W` does not belong here"),
    ("0 0 1-5#1 * *", Some(DayOfMonth), 7, "`#` does not belong here"),
    ("0 0 1 1-5L *", Some(Month), 9, "`L` does not belong here"),
    ("0 0 * * 1-5W", Some(DayOfWeek), 11, "`W` does not belong here"),
    // H is chosen by an id.
    (
        "H * * * *",
        Some(Minute),
        0,
        "`H` is chosen by an id, and there is none here; read it with `Cron::parse_with_id`",
    ),
    ("0 h * * *", Some(Hour), 2, "`H` is chosen by an id"),
    ("0 H/6 * * *", Some(Hour), 2, "`H` is chosen by an id"),
    // Text that is not ASCII, and other blanks than spaces and tabs.
    ("0 8 * * é", Some(DayOfWeek), 8, "`é`"),
    ("0 8 * * MöN", Some(DayOfWeek), 8, "names have three letters, SUN to SAT"),
    ("0 8 * * ÖMN", Some(DayOfWeek), 8, "names have three letters, SUN to SAT"),
    ("0 8 é * *", Some(DayOfMonth), 4, "`é`, where a value was expected; allowed is 1 to 31"),
    ("０ 8 * * *", Some(Minute), 0, "`０`"),
    ("0\u{a0}8 * * *", None, 10, "found 4 fields"),
    ("0 8 * * 日", Some(DayOfWeek), 8, "`日`"),
    ("0 8 * * \u{1F980}", Some(DayOfWeek), 8, "\u{1F980}"),
    ("@d\u{e4}ily", None, 0, "unknown macro"),
    ("0\n8 * * * *", Some(Minute), 1, ""),
    ("0 8 * * *\n", Some(DayOfWeek), 9, ""),
    ("0 8 * * \0", Some(DayOfWeek), 8, ""),
];

#[test]
fn mistakes_are_told_where_they_are() {
    let mut wrong = Vec::new();
    for &(text, field, offset, fragment) in MISTAKES {
        match Cron::parse(text) {
            Ok(cron) => wrong.push(format!("{text:?} is read as {cron}")),
            Err(error) => {
                let said = error.to_string();
                if (error.field(), error.offset()) != (field, offset) || !said.contains(fragment) {
                    let found = (error.field(), error.offset());
                    wrong.push(format!(
                        "{text:?}: expected {:?} {fragment:?}, got {found:?} {said:?}",
                        (field, offset)
                    ));
                }
                check_form(text, &error);
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), MISTAKES.len(), wrong.join("\n"));
}

/// What holds of every error.
fn check_form(text: &str, error: &ParseError) {
    assert!(error.offset() <= text.len(), "{text:?}: the caret is beyond the text");
    assert!(text.is_char_boundary(error.offset()), "{text:?}: the caret is within a character");
    let said = error.to_string();
    assert!(!said.is_empty() && said.lines().count() == 1, "{text:?}: {said:?}");
    let place = error.field().map_or("expression".to_owned(), |field| field.to_string());
    assert!(said.starts_with(&format!("{place} (at byte {}): ", error.offset())), "{text:?}: {said:?}");
    let caret = error.caret(text).to_string();
    let (line, mark) = caret.split_once('\n').expect("two lines");
    assert_eq!(line.chars().count(), text.chars().count(), "{caret}");
    assert_eq!(mark.chars().count(), text[..error.offset()].chars().count() + 1, "{caret}");
    assert!(mark.trim_start_matches(' ') == "^", "{caret}");
    // What is wrong without an id for H stays wrong with one, but for H itself.
    if !said.contains("`H` is chosen") {
        assert_eq!(Cron::parse_with_id(text, "an id").as_ref(), Err(error), "{text:?}");
    }
}

#[test]
fn the_longest_text_has_256_bytes() {
    let padded = |length: usize| format!("0 8 * * *{}", " ".repeat(length - 9));
    assert_eq!(Cron::parse(&padded(Cron::MAX_LENGTH)), Ok(parse("0 8 * * *")));
    let error = Cron::parse(&padded(257)).unwrap_err();
    assert_eq!((error.field(), error.offset()), (None, 256));
    assert!(error.to_string().contains("longer than 256"), "{error}");
    // Where the 256th byte is within a character, the caret is before it.
    let text = format!("{}é", " ".repeat(255));
    let error = Cron::parse(&text).unwrap_err();
    assert_eq!(error.offset(), 255);
    check_form(&text, &error);
    assert!(Every::parse(&format!("@every {}s", "0".repeat(300))).is_err());
}

#[test]
fn a_hash_stays_what_it_is() {
    // These can never change: schedules would move.
    let pinned = [
        ("H H * * *", "nightly-cleanup", "47 19 * * *"),
        ("H H H H H H", "report", "15 8 15 10 6 4"),
        ("H/10 H/6 H/7 * *", "billing.invoices", "9/10 */6 4/7 * *"),
    ];
    for (text, id, resolved) in pinned {
        assert_eq!(Cron::parse_with_id(text, id).unwrap().to_string(), resolved, "{text:?} for {id:?}");
    }
}

#[test]
fn a_hash_is_within_its_field() {
    let mut seen: [HashSet<String>; 6] = Default::default();
    for id in 0..2000 {
        let id = format!("unit-{id}");
        let cron = Cron::parse_with_id("H H H H H H", &id).unwrap();
        assert!(!cron.is_interval(), "{id}: a hash is one point");
        let text = cron.to_string();
        let fields: Vec<&str> = text.split(' ').collect();
        // The second is left out where it is 0.
        let first = 6 - fields.len();
        for (field, value) in fields.iter().enumerate() {
            seen[first + field].insert((*value).to_owned());
        }
        let day: u8 = fields[3 - first].parse().unwrap();
        assert!((1..=28).contains(&day), "{id}: {text}");
        assert!(!cron.never_fires(), "{id}: {text}");
    }
    // All values of each field are in use; the second 0 is not written.
    assert_eq!(seen.each_ref().map(HashSet::len), [59, 60, 24, 28, 12, 7]);
}

#[test]
fn a_hash_with_a_step() {
    for id in ["a", "b", "c", "nightly-cleanup"] {
        for step in 1..=59 {
            let cron = Cron::parse_with_id(&format!("H/{step} 0 * * *"), id).unwrap();
            assert!(cron.is_interval());
            let at = |minute| cron.matches(jiff::civil::date(2026, 1, 1).at(0, minute, 0, 0));
            let minutes: Vec<i8> = (0..60).filter(|&minute| at(minute)).collect();
            assert!(minutes[0] < step, "{id}: H/{step} starts within the first step: {minutes:?}");
            let expected: Vec<i8> = (minutes[0]..60).step_by(step as usize).collect();
            assert_eq!(minutes, expected, "{id}: H/{step}");
        }
        for step in 1..=31 {
            let cron = Cron::parse_with_id(&format!("0 0 H/{step} * *"), id).unwrap();
            let at = |day| cron.matches(jiff::civil::date(2026, 1, day).at(0, 0, 0, 0));
            let days: Vec<i8> = (1..=31).filter(|&day| at(day)).collect();
            assert!(!days.is_empty() && days.iter().all(|&day| day <= 28), "{id}: H/{step}: {days:?}");
        }
    }
}

#[test]
fn a_hash_is_a_whole_field() {
    let mistakes: &[Mistake] = &[
        ("H,5 * * * *", Some(Minute), 1, "`H` stands alone"),
        ("5,H * * * *", Some(Minute), 2, "`H` stands alone"),
        ("0 H-5 * * *", Some(Hour), 3, "`H` stands alone"),
        ("0 HH * * *", Some(Hour), 3, "`H`"),
        ("0 H5 * * *", Some(Hour), 3, "`5`"),
        ("0 H(1-5) * * *", Some(Hour), 3, "`H` takes no range"),
        ("0 *(1-5) * * *", Some(Hour), 3, "`(`"),
        ("H/0 * * * *", Some(Minute), 2, "a step is 1 to 59"),
        ("H/60 * * * *", Some(Minute), 2, "a step is 1 to 59"),
        ("0 0 HW * *", Some(DayOfMonth), 5, "`W`"),
        ("0 0 * * H#1", Some(DayOfWeek), 9, "`#`"),
        ("0 0 * * HL", Some(DayOfWeek), 9, "`L`"),
    ];
    for &(text, field, offset, fragment) in mistakes {
        let error = Cron::parse_with_id(text, "an id").expect_err(text);
        let said = error.to_string();
        assert_eq!((error.field(), error.offset()), (field, offset), "{text:?}: {said}");
        assert!(said.contains(fragment), "{text:?}: {said}");
    }
}

#[test]
fn fixed_intervals() {
    let seconds = [
        ("@every 90s", 90),
        ("@EVERY 90s", 90),
        ("  @every \t 90s ", 90),
        ("@every 1h30m", 5400),
        ("@every 15m", 900),
        ("@every 2d", 172_800),
        ("@every 1d12h", 129_600),
    ];
    for (text, seconds) in seconds {
        let every = Every::parse(text).unwrap_or_else(|error| panic!("{text:?}: {error}"));
        assert_eq!(every.period(), Duration::from_secs(seconds), "{text:?}");
        assert_eq!(Expression::parse(text), Ok(Expression::Every(every)));
        assert_eq!(Every::parse(&every.to_string()), Ok(every), "{text:?}");
        assert!(Cron::parse(text).is_err(), "{text:?}");
    }
}

#[test]
fn mistakes_in_an_interval_are_told_where_they_are() {
    let mistakes = [
        ("@every", 6, "a number is missing"),
        ("@every \t", 6, "a number is missing"),
        ("@every -5s", 7, "a number is missing"),
        ("@every s", 7, "a number is missing"),
        ("@every PT1H", 7, "a number is missing"),
        ("@every 1h ,30m", 10, "a number is missing"),
        ("@every 5", 8, "a number needs one of the units d, h, m, s and ms right after it"),
        (" @every  90s 5", 14, "a number needs one of the units"),
        ("@every 2 hours", 8, "a number needs one of the units"),
        ("@every 2hours", 8, "a number needs one of the units"),
        ("@every 1w", 8, "a number needs one of the units"),
        ("@every 5\u{b5}s", 8, "a number needs one of the units"),
        ("@every 1.5h", 8, "a number needs one of the units"),
        ("@every 1:30:00", 8, "a number needs one of the units"),
        ("@every 30m 1h", 12, "each of them at most once"),
        ("@every 1h1h", 10, "each of them at most once"),
        ("@every 0s", 7, "at least 1 ms"),
        ("@every 0d 0h", 7, "at least 1 ms"),
        ("@every 1d 9223372036854775807ms", 10, "too long"),
        ("@every 106751991168d", 7, "too long"),
        ("@every 99999999999999999999ms", 7, "too long"),
        ("@everyone", 0, "an interval is written `@every` and a duration"),
        ("90s", 0, "an interval is written `@every` and a duration"),
        ("", 0, "an interval is written `@every` and a duration"),
    ];
    for (text, offset, fragment) in mistakes {
        let error = Every::parse(text).expect_err(text);
        let said = error.to_string();
        assert_eq!((error.field(), error.offset()), (None, offset), "{text:?}: {said}");
        assert!(said.starts_with(&format!("expression (at byte {offset}): ")), "{text:?}: {said}");
        assert!(said.contains(fragment), "{text:?}: {said}");
        assert!(Expression::parse(text).is_err(), "{text:?}");
    }
}

#[test]
fn an_interval_is_printed_with_the_largest_units() {
    let printed = [
        ("@every 90s", "@every 1m 30s"),
        ("@EVERY 1H30M", "@every 1h 30m"),
        ("@every 36h", "@every 1d 12h"),
        ("@every 60000ms", "@every 1m"),
        ("@every 01d00h00m00s001ms", "@every 1d 1ms"),
        ("@every 9223372036854775807ms", "@every 106751991167d 7h 12m 55s 807ms"),
    ];
    for (text, expected) in printed {
        let every = Every::parse(text).unwrap_or_else(|error| panic!("{text:?}: {error}"));
        assert_eq!(every.to_string(), expected, "{text:?}");
        assert_eq!(Every::parse(expected), Ok(every), "{text:?}");
        assert_eq!(Every::new(every.period()), Some(every), "{text:?}");
    }
    for refused in [Duration::ZERO, Duration::from_micros(1_500), Duration::from_nanos(1), Duration::MAX] {
        assert_eq!(Every::new(refused), None, "{refused:?}");
    }
}

#[test]
fn either_kind_is_an_expression() {
    let (cron, every) = (parse("0 8 * * *"), Every::new(Duration::from_secs(90)).unwrap());
    assert_eq!(Expression::from(cron), Expression::Cron(cron));
    assert_eq!(Expression::from(every), Expression::Every(every));
    assert_eq!(Expression::try_from("0 8 * * *"), Ok(cron.into()));
    assert_eq!(Expression::try_from("@every 90s"), Ok(every.into()));
    assert_eq!(Every::try_from("@every 90s"), Ok(every));
    let errors: HashSet<ParseError> = ["", "90s"].map(|text| Every::try_from(text).unwrap_err()).into();
    assert_eq!(errors.len(), 1, "both are no interval");
}

/// What is written with the signs of an interval is printed with them.
#[test]
fn an_interval_is_printed_as_one() {
    let printed = [
        ("*/30 2 * * *", "*/30 2 * * *"),
        ("0 */12 * * *", "0 */12 * * *"),
        ("0 8-9 * * *", "0 8-9 * * *"),
        ("0 8/12 * * *", "0 8/12 * * *"),
        ("0,30 * * * *", "*/30 * * * *"),
        ("10/40 3 * * *", "10/40 3 * * *"),
        ("*/40 0 8 * * *", "*/40 0 8 * * *"),
        ("0,1 8-8 * * *", "0-1 8 * * *"),
        ("5,10-11 8 * * *", "5,10-11 8 * * *"),
        ("* 8,9,12 * * *", "* 8-9,12 * * *"),
        ("*/59 23-0 * * *", "*/59 */23 * * *"),
        ("10-20/10 8 * * *", "10-20/10 8 * * *"),
        ("* 2,10 * * *", "* 2,10 * * *"),
        ("0 2-10/8 * * *", "0 2-10/8 * * *"),
        ("10-20/10 0 8 * * *", "10-20/10 0 8 * * *"),
        // Nothing else can say it.
        ("0-0 8 * * *", "0-0 8 * * *"),
        ("0-0,5,20 8 * * *", "0-0,5,20 8 * * *"),
        // A point has no sign of an interval.
        ("0,30 2 * * *", "0,30 2 * * *"),
        ("0 8,9 * * *", "0 8,9 * * *"),
        ("0 0 1,2 1,2 *", "0 0 1,2 1,2 *"),
    ];
    for (text, expected) in printed {
        let cron = parse(text);
        assert_eq!(cron.to_string(), expected, "{text:?}");
        assert_eq!(parse(expected), cron, "{text:?}");
    }
}
