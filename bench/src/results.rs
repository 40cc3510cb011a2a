//! The results as Markdown: a page with a section for each row.

use std::fmt::Write;

use crate::computer::Computer;
use crate::round::{Measured, Taken};
use crate::row::Row;
use crate::series::Series;
use crate::target::Measure;

/// More than so many figures are told side by side.
const MANY_FIGURES: usize = 8;

/// The whole page.
pub(crate) fn page(computer: &Computer, sections: &[String]) -> String {
    format!(
        "# Results\n\n\
         Written by the program in this folder, not by hand: `cargo run --release -- all`.\n\n\
         {computer}\n\
         Each measurement is a process of its own. In each round all contenders of a row take their turn, so that \
         a ratio is one of the same run: a ratio or a difference is that of two medians. Absolute times move with \
         the machine; instructions hardly move. No `tracing` subscriber is installed. All run on a tokio runtime with \
         {} worker threads unless said otherwise, and in a release build.\n\n{}",
        crate::runtime::THREADS,
        sections.join("\n")
    )
}

/// The section of one row.
pub(crate) fn section(row: &Row, measured: &Measured) -> String {
    let (before, after) = &measured.load;
    let rounds = format!("Rounds: {}. Load average: {before} before, {after} after.", measured.rounds);
    let mut text = format!("## {}\n\n{}\n\n{rounds}\n\n", row.name, row.timed);
    match &measured.contenders[0] {
        Taken::Figures(figures) if figures.len() > MANY_FIGURES => {
            side_by_side(&mut text, row, measured, figures)
        }
        _ => one_below_the_other(&mut text, row, measured),
    }
    text.push('\n');
    for (contender, taken) in row.contenders.iter().zip(&measured.contenders) {
        let against = contender.against.map_or(String::new(), |raw| format!(" Compared with {raw}."));
        let left_out = match taken {
            Taken::Figures(_) => String::new(),
            Taken::LeftOut(reason) => format!(" **Left out: {reason}.**"),
        };
        let _ = writeln!(text, "- {}: {}.{against}{left_out}", contender.name, contender.settings);
    }
    if row.targets.is_empty() {
        text += "\nThis row has no target.\n";
    } else {
        text += "\n| target | goal | floor | measured | |\n|---|--:|--:|--:|---|\n";
    }
    for target in &row.targets {
        let raw = row
            .contenders
            .iter()
            .find(|contender| contender.name == target.contender)
            .and_then(|contender| contender.against)
            .and_then(|raw| find(row, measured, raw, target.figure));
        let own = find(row, measured, target.contender, target.figure);
        let value = own.and_then(|own| target.measure.of(own.median(), raw.map(Series::median)));
        let say = |value: f64| match target.measure {
            Measure::Value => number(value),
            Measure::Difference => format!("{}{}", if value < 0.0 { "" } else { "+" }, number(value)),
            Measure::Ratio => format!("{}x", number(value)),
        };
        let measured = value.map_or("not measured".to_owned(), say);
        let verdict = value.map_or(String::new(), |value| format!("**{}**", target.judge(value)));
        let name = format!("{}, {}", target.contender, target.figure);
        line(&mut text, &[&name, &say(target.goal), &say(target.floor), &measured, &verdict]);
    }
    text
}

/// A line for each figure of each contender.
fn one_below_the_other(text: &mut String, row: &Row, measured: &Measured) {
    *text +=
        "| contender | figure | min | median | max | against the raw limit |\n|---|---|--:|--:|--:|--:|\n";
    for (contender, taken) in row.contenders.iter().zip(&measured.contenders) {
        let Taken::Figures(figures) = taken else { continue };
        for series in figures {
            let raw = contender.against.and_then(|raw| find(row, measured, raw, &series.figure));
            let compared = raw.map_or(String::new(), |raw| compared(series.median(), raw.median()));
            let [min, median, max] = [series.min(), series.median(), series.max()].map(number);
            line(text, &[contender.name, &series.figure, &min, &median, &max, &compared]);
        }
    }
}

/// A line for each figure, a column for each contender: the first one's range, and the medians of all.
fn side_by_side(text: &mut String, row: &Row, measured: &Measured, figures: &[Series]) {
    let names: Vec<&str> = row.contenders.iter().map(|contender| contender.name).collect();
    line(text, &["figure", &format!("{}, min", names[0]), "max", &names.join(" | ")]);
    let _ = writeln!(text, "|---|--:|--:|{}", "--:|".repeat(names.len()));
    for first in figures {
        let cells = row.contenders.iter().map(|contender| {
            let Some(series) = find(row, measured, contender.name, &first.figure) else {
                return String::new();
            };
            if let Some(word) = &series.word {
                return word.clone();
            }
            let raw = contender.against.and_then(|raw| find(row, measured, raw, &first.figure));
            let ratio = raw.map(Series::median).filter(|raw| *raw > 0.0).map(|raw| series.median() / raw);
            let ratio = ratio.map_or(String::new(), |ratio| format!(", {}x", number(ratio)));
            format!("{}{ratio}", number(series.median()))
        });
        let cells: Vec<String> = cells.collect();
        line(text, &[&first.figure, &number(first.min()), &number(first.max()), &cells.join(" | ")]);
    }
}

/// A section that says when and with what it was measured, as it stands on a page with older ones.
pub(crate) fn dated(section: &str, computer: &Computer) -> String {
    section.replacen(
        "\n\nRounds: ",
        &format!("\n\nMeasured by itself: {}. Rounds: ", computer.in_a_line()),
        1,
    )
}

/// The page with these sections in the place of those of the same name, or at its end.
pub(crate) fn replaced(page: &str, sections: &[String]) -> String {
    let mut parts: Vec<String> = page.split("\n## ").map(|part| part.trim_end().to_owned()).collect();
    for section in sections {
        let new = section.trim_start_matches("## ").trim_end();
        let heading = |part: &str| part.lines().next().map(str::to_owned);
        match parts.iter().skip(1).position(|part| heading(part) == heading(new)) {
            Some(place) => new.clone_into(&mut parts[place + 1]),
            None => parts.push(new.to_owned()),
        }
    }
    parts.join("\n\n## ") + "\n"
}

fn line(text: &mut String, cells: &[&str]) {
    let _ = writeln!(text, "| {} |", cells.join(" | "));
}

fn find<'a>(row: &Row, measured: &'a Measured, contender: &str, figure: &str) -> Option<&'a Series> {
    let place = row.contenders.iter().position(|known| known.name == contender)?;
    match &measured.contenders[place] {
        Taken::Figures(figures) => figures.iter().find(|series| series.figure == figure),
        Taken::LeftOut(_) => None,
    }
}

/// The ratio and the difference of two medians; the ratio only where it says something.
fn compared(own: f64, raw: f64) -> String {
    let difference = format!("{}{}", if own < raw { "" } else { "+" }, number(own - raw));
    if raw > 0.0 { format!("{:.2}x, {difference}", own / raw) } else { difference }
}

/// Three digits that count, or all before the point.
fn number(value: f64) -> String {
    let places = match value.abs() {
        0.0 => 0,
        small if small < 1.0 => 3,
        small if small < 10.0 => 2,
        middle if middle < 100.0 => 1,
        _ => 0,
    };
    format!("{value:.places$}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::row::Contender;
    use crate::target::Target;

    fn row() -> Row {
        let target = Target {
            contender: "host",
            figure: "ns",
            measure: Measure::Difference,
            goal: 80.0,
            floor: 120.0,
        };
        Row {
            name: "work",
            about: "",
            timed: "Timed: work.",
            rounds: 1,
            contenders: vec![
                Contender::new("raw", "bare"),
                Contender::new("host", "all of it").against("raw"),
            ],
            targets: vec![target],
            measure: |_| Ok(Vec::new()),
        }
    }

    fn measured(rounds: usize, contenders: Vec<Taken>) -> Measured {
        Measured { rounds, load: ("0.10".into(), "1.00".into()), contenders }
    }

    fn figures(values: &[f64]) -> Taken {
        Taken::Figures(vec![Series::new("ns", values.to_vec())])
    }

    #[test]
    fn a_section_compares_medians_and_judges_them() {
        let contenders = vec![figures(&[100.0, 90.0, 110.0]), figures(&[190.0, 200.0, 400.0])];
        let text = section(&row(), &measured(3, contenders));
        assert!(text.contains("| host | ns | 190 | 200 | 400 | 2.00x, +100 |"), "{text}");
        assert!(text.contains("| host, ns | +80.0 | +120 | +100 | **between goal and floor** |"), "{text}");
    }

    #[test]
    fn a_contender_that_is_left_out_is_named_and_not_judged() {
        let contenders = vec![figures(&[1.0]), Taken::LeftOut("it was not built".into())];
        let text = section(&row(), &measured(1, contenders));
        assert!(text.contains("**Left out: it was not built.**"), "{text}");
        assert!(text.contains("| not measured |  |"), "{text}");
    }

    #[test]
    fn many_figures_are_told_side_by_side() {
        let many = |value: f64| {
            (0..9).map(move |n| Series::new(format!("figure {n}"), vec![value, value])).collect()
        };
        let mut others: Vec<Series> = many(30.0);
        others[1] = Series { word: Some("unsaid".to_owned()), ..Series::new("figure 1", Vec::new()) };
        let measured = measured(2, vec![Taken::Figures(many(10.0)), Taken::Figures(others)]);
        let text = section(&row(), &measured);
        assert!(text.contains("| figure | raw, min | max | raw | host |"), "{text}");
        assert!(text.contains("| figure 0 | 10.0 | 10.0 | 10.0 | 30.0, 3.00x |"), "{text}");
        assert!(text.contains("| figure 1 | 10.0 | 10.0 | 10.0 | unsaid |"), "{text}");
    }

    #[test]
    fn a_section_takes_the_place_of_the_one_of_its_name() {
        let page = "# Results\n\nHead.\n\n## one\n\nOld.\n\n## two\n\nKept.\n";
        let sections = ["## one\n\nNew.\n".to_owned(), "## three\n\nMore.\n".to_owned()];
        let expected = "# Results\n\nHead.\n\n## one\n\nNew.\n\n## two\n\nKept.\n\n## three\n\nMore.\n";
        assert_eq!(replaced(page, &sections), expected);
    }
}
