//! Sample data for an empty database: the same every time, apart from the dates.
//!
//! The dates are counted back from the day of the first start and stay as they are. In a folder that was
//! filled long ago the last orders are old, and a report about the last thirty days may show none.
//!
//! Each table goes in as one statement that reads a JSON array: thousands of single inserts would
//! make the first start slow.

use jiff::civil::Date;
use jiff::{Timestamp, ToSpan};
use serde_json::{Value, json};
use sqlx::SqliteConnection;

use crate::day;

/// How far back the orders and the log rows go.
const DAYS: i32 = 90;

const CUSTOMERS: u64 = 120;

/// One an hour, as a quiet shop would have.
const LOGS_PER_DAY: u64 = 24;

const INTO_PRODUCTS: &str = "
    INSERT INTO products (id, name, price_cents)
    SELECT value->>0, value->>1, value->>2 FROM json_each(?)";

const INTO_CUSTOMERS: &str = "
    INSERT INTO customers (id, name, email)
    SELECT value->>0, value->>1, value->>2 FROM json_each(?)";

const INTO_ORDERS: &str = "
    INSERT INTO orders (id, customer_id, placed_at, placed_on)
    SELECT value->>0, value->>1, value->>2, value->>3 FROM json_each(?)";

const INTO_ORDER_LINES: &str = "
    INSERT INTO order_lines (order_id, line, product_id, quantity, unit_cents)
    SELECT value->>0, value->>1, value->>2, value->>3, value->>4 FROM json_each(?)";

const INTO_LOGS: &str = "
    INSERT INTO logs (at, level, message)
    SELECT value->>0, value->>1, value->>2 FROM json_each(?)";

pub(super) struct Counts {
    pub(super) products: usize,
    pub(super) customers: usize,
    pub(super) orders: usize,
    pub(super) logs: usize,
}

/// Fills every table. The caller owns the transaction.
pub(super) async fn fill(db: &mut SqliteConnection, today: Date) -> Result<Counts, ostler::Error> {
    let mut dice = Dice(0x0057_1e12);
    let (products, customers) = (products(), customers(&mut dice));
    let (orders, lines) = orders(&mut dice, today)?;
    let logs = logs(&mut dice, Timestamp::now().as_second());

    insert(db, INTO_PRODUCTS, &products).await?;
    insert(db, INTO_CUSTOMERS, &customers).await?;
    insert(db, INTO_ORDERS, &orders).await?;
    insert(db, INTO_ORDER_LINES, &lines).await?;
    insert(db, INTO_LOGS, &logs).await?;

    Ok(Counts {
        products: products.len(),
        customers: customers.len(),
        orders: orders.len(),
        logs: logs.len(),
    })
}

async fn insert(db: &mut SqliteConnection, sql: &'static str, rows: &[Value]) -> Result<(), ostler::Error> {
    sqlx::query(sql).bind(serde_json::to_string(rows)?).execute(db).await?;
    Ok(())
}

/// The best sellers come first: the dice prefer the front of the list.
const PRODUCTS: [(&str, i64); 20] = [
    ("Waxed canvas apron", 6_490),
    ("Hoof pick, brass", 1_290),
    ("Saddle soap, 250 ml", 1_150),
    ("Cotton lead rope", 1_890),
    ("Leather halter", 8_990),
    ("Horsehair body brush", 2_390),
    ("Oat and apple treats", 790),
    ("Stable blanket, 205 cm", 12_900),
    ("Galvanised bucket, 12 l", 1_690),
    ("Leather balm, 500 ml", 2_190),
    ("Hay net, small mesh", 1_490),
    ("Curry comb, rubber", 890),
    ("Salt lick, 2 kg", 990),
    ("Riding gloves", 3_490),
    ("Bridle hook, cast iron", 1_990),
    ("Fleece wraps, set of four", 4_590),
    ("Mane comb, steel", 690),
    ("Stall guard", 5_290),
    ("Rain sheet, 145 cm", 9_890),
    ("Boot jack, oak", 2_790),
];

const FIRST_NAMES: [&str; 12] = [
    "Anna", "Bjørn", "Clara", "David", "Eline", "Fredrik", "Grace", "Henrik", "Ingrid", "Jonas", "Kari",
    "Leo",
];

const LAST_NAMES: [&str; 10] =
    ["Andersen", "Berg", "Carter", "Dahl", "Eriksen", "Foss", "Garcia", "Hansen", "Iversen", "O'Neill"];

const MESSAGES: [(&str, &str); 6] = [
    ("info", "order placed"),
    ("info", "payment received"),
    ("info", "parcel handed to the carrier"),
    ("info", "customer signed in"),
    ("warn", "payment was retried"),
    ("error", "carrier did not answer"),
];

fn products() -> Vec<Value> {
    PRODUCTS.iter().zip(1..).map(|((name, cents), id)| json!([id, name, cents])).collect()
}

fn customers(dice: &mut Dice) -> Vec<Value> {
    (1..=CUSTOMERS).map(|id| customer(dice, id)).collect()
}

fn customer(dice: &mut Dice, id: u64) -> Value {
    let (first, last) = (dice.pick(&FIRST_NAMES), dice.pick(&LAST_NAMES));
    json!([id, format!("{first} {last}"), format!("customer{id}@example.com")])
}

fn orders(dice: &mut Dice, today: Date) -> Result<(Vec<Value>, Vec<Value>), jiff::Error> {
    let (mut orders, mut lines) = (Vec::new(), Vec::new());
    for back in (1..=DAYS).rev() {
        let day = today.checked_sub(back.days())?;
        for _ in 0..8 + dice.below(14) {
            let id = orders.len() + 1;
            orders.push(order(dice, id, day)?);
            lines.extend((1..=1 + dice.below(4)).map(|number| line(dice, id, number)));
        }
    }
    Ok((orders, lines))
}

fn order(dice: &mut Dice, id: usize, day: Date) -> Result<Value, jiff::Error> {
    // In the daytime, so that no clock change can touch it.
    let opening = day.at(8, 0, 0, 0).in_tz(day::ZONE)?.timestamp().as_second();
    let placed_at = opening.saturating_add_unsigned(dice.below(13 * 3600));
    Ok(json!([id, 1 + dice.below(CUSTOMERS), placed_at, day]))
}

fn line(dice: &mut Dice, order: usize, number: u64) -> Value {
    let product = dice.low_index(PRODUCTS.len());
    json!([order, number, product + 1, 1 + dice.below(3), PRODUCTS[product].1])
}

fn logs(dice: &mut Dice, now: i64) -> Vec<Value> {
    let step = 24 * 3600 / LOGS_PER_DAY;
    let count = LOGS_PER_DAY * u64::from(DAYS.unsigned_abs());
    (0..count).rev().map(|back| log(dice, now.saturating_sub_unsigned(back * step))).collect()
}

fn log(dice: &mut Dice, before: i64) -> Value {
    let (level, message) = dice.pick(&MESSAGES);
    json!([before.saturating_sub_unsigned(dice.below(3600)), level, message])
}

/// SplitMix64: small, and the same on every machine.
struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, end: u64) -> u64 {
        self.roll() % end
    }

    fn index(&mut self, len: usize) -> usize {
        usize::try_from(self.below(len as u64)).unwrap_or(0)
    }

    /// The lower of two rolls: small numbers come up more often.
    fn low_index(&mut self, len: usize) -> usize {
        self.index(len).min(self.index(len))
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.index(from.len())]
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn the_data_is_the_same_every_time() {
        let made = || orders(&mut Dice(1), date(2026, 4, 1)).unwrap();
        assert_eq!(made(), made());
    }

    #[test]
    fn orders_end_yesterday() {
        let (orders, _) = orders(&mut Dice(1), date(2026, 4, 1)).unwrap();
        assert_eq!(orders.first().unwrap()[3], json!("2026-01-01"));
        assert_eq!(orders.last().unwrap()[3], json!("2026-03-31"));
    }
}
