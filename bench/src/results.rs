//! The results as Markdown: a page with a section for each row.

use std::fmt::Write;

use crate::computer::Computer;
use crate::round::{Measured, Taken};
use crate::row::Row;
use crate::series::Series;
use crate::target::Measure;

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
    text +=
        "| contender | figure | min | median | max | against the raw limit |\n|---|---|--:|--:|--:|--:|\n";
    for (contender, taken) in row.contenders.iter().zip(&measured.contenders) {
        let Taken::Figures(figures) = taken else { continue };
        for series in figures {
            let raw = contender.against.and_then(|raw| find(row, measured, raw, &series.figure));
            let compared = raw.map_or(String::new(), |raw| compared(series.median(), raw.median()));
            let [min, median, max] = [series.min(), series.median(), series.max()].map(number);
            line(&mut text, &[contender.name, &series.figure, &min, &median, &max, &compared]);
        }
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
        Taken::Figures(vec![Series { figure: "ns".into(), values: values.to_vec() }])
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
}
