//! Checking one value: its type, its unit, its range; and what all checks share.

use super::fields::{Field, Need, Resources, Section};
use super::findings::{At, Findings};
use super::tree::{Entry, Node, Value};
use crate::resources::{AMOUNT_MAX, Builtin};
use crate::source::Files;
use crate::time::{Calendar, MINUTE_MS, TIME_MS_MAX, YEAR_MS};
use crate::units::{self, Decimal, Length, Mistake, shorten};
use crate::words;

/// One amount for each kind that a scenario can name: the builtin five, then its own.
pub(crate) type Wide = [i64; 8];

/// Names of tables, files and tenants are this long at most, in characters.
pub(crate) const NAME_MAX: usize = 200;

/// The most models, flavors, pools, demands, … of a scenario, each.
pub(crate) const ENTRIES_MAX: usize = 10_000;

/// The largest count that a curve may name.
pub(crate) const COUNT_MAX: f64 = 1e9;

/// Searches for a name that is alike; each looks at all names, so they are bounded.
const SEARCHES_MAX: u32 = 300;

/// What all checks share.
pub(crate) struct Check<'a> {
    pub(crate) findings: Findings,
    pub(crate) files: &'a dyn Files,
    pub(crate) file: &'a str,
    pub(crate) calendar: Calendar,
    /// The run's length, once it is known.
    pub(crate) duration_ms: Option<u64>,
    /// The scenario's own kinds of resource.
    pub(crate) own: Vec<String>,
    searches: u32,
}

/// A table that is being read: its entries, and the sections that say what they may be.
pub(crate) struct Table<'t> {
    pub(crate) at: At,
    entries: Vec<&'t Entry>,
    sections: Vec<&'static Section>,
}

impl<'t> Table<'t> {
    /// The value of a key.
    pub(crate) fn get(&self, field: &'static Field) -> Option<&'t Node> {
        let is_known = |section: &&Section| section.fields.iter().any(|f| std::ptr::eq(*f, field));
        debug_assert!(self.sections.iter().any(is_known), "`{}` is of another table", field.key);
        self.entry(field.key).map(|entry| &entry.node)
    }

    /// Whether it has such a key at all.
    pub(crate) fn knows(&self, field: &'static Field) -> bool {
        let is_known = |section: &&Section| section.fields.iter().any(|f| std::ptr::eq(*f, field));
        self.sections.iter().any(is_known)
    }

    /// The value of a key that must be there; a finding if it is not.
    pub(crate) fn must(&self, check: &mut Check<'_>, field: &'static Field) -> Option<&'t Node> {
        debug_assert!(!matches!(field.need, Need::Else(_)), "`{}` may be missing", field.key);
        let node = self.get(field);
        if node.is_none() {
            check.missing(self.at, field);
        }
        node
    }

    /// Where a key stands, or the table if it has none such.
    pub(crate) fn at_key(&self, field: &'static Field) -> At {
        self.entry(field.key).map_or(self.at, |entry| entry.key_at)
    }

    /// The value of a resource, in a table that has resources.
    pub(crate) fn resource(&self, name: &str) -> Option<&'t Node> {
        self.entry(name).map(|entry| &entry.node)
    }

    fn entry(&self, key: &str) -> Option<&'t Entry> {
        self.entries.iter().find(|entry| entry.key == key).copied()
    }
}

impl<'a> Check<'a> {
    pub(crate) fn new(file: &'a str, files: &'a dyn Files, findings: Findings) -> Self {
        let start = jiff::civil::date(2025, 1, 1).at(0, 0, 0, 0);
        let calendar = Calendar { start };
        Self { findings, files, file, calendar, duration_ms: None, own: Vec::new(), searches: 0 }
    }

    /// The run's length; a year where the scenario does not say it, which is a finding elsewhere.
    pub(crate) fn run_ms(&self) -> u64 {
        self.duration_ms.unwrap_or(YEAR_MS)
    }

    /// The names of the resources that this scenario can use, in column order.
    pub(crate) fn kind_names(&self) -> Vec<String> {
        let builtin = Builtin::ALL.iter().map(|kind| kind.name().to_owned());
        builtin.chain(self.own.iter().cloned()).collect()
    }

    pub(crate) fn error(&mut self, at: At, message: impl Into<String>) {
        self.findings.error(at, message, None);
    }

    pub(crate) fn error_hint(
        &mut self,
        at: At,
        message: impl Into<String>,
        hint: impl Into<String>,
    ) {
        self.findings.error(at, message, Some(hint.into()));
    }

    pub(crate) fn warning(&mut self, at: At, message: impl Into<String>, hint: impl Into<String>) {
        self.findings.warning(at, message, Some(hint.into()));
    }

    /// A key that must be there is not.
    pub(crate) fn missing(&mut self, at: At, field: &Field) {
        if !self.findings.is_broken() {
            let hint = format!("add `{} = {}`", field.key, field.example);
            self.error_hint(at, format!("`{}` is missing", field.key), hint);
        }
    }

    pub(crate) fn mistake(&mut self, at: At, mistake: Mistake) {
        self.findings.error(at, mistake.what, mistake.hint);
    }

    fn wrong_type(&mut self, key: &str, node: &Node, wants: &str, example: &str) {
        let message = format!("`{}` is {wants}, not {}", shorten(key), node.kind());
        self.error_hint(node.at, message, format!("write it like {example}"));
    }

    /// Opens a table: unknown keys are findings.
    pub(crate) fn open<'t>(
        &mut self,
        key: &str,
        node: &'t Node,
        at: At,
        sections: &[&'static Section],
    ) -> Option<Table<'t>> {
        let Some(entries) = node.table() else {
            let section = sections[sections.len() - 1];
            let example = match section.fields.first() {
                Some(field) => format!("`{{ {} = {} }}`", field.key, field.example),
                None => "`{ cpu = 2 }`".to_owned(),
            };
            self.wrong_type(key, node, "a table", &example);
            return None;
        };
        Some(self.open_entries(entries.iter().collect(), at, sections))
    }

    /// Opens a table whose entries come from several.
    pub(crate) fn open_entries<'t>(
        &mut self,
        entries: Vec<&'t Entry>,
        at: At,
        sections: &[&'static Section],
    ) -> Table<'t> {
        for entry in &entries {
            self.check_key(entry, sections);
        }
        Table { at, entries, sections: sections.to_vec() }
    }

    fn check_key(&mut self, entry: &Entry, sections: &[&'static Section]) {
        let fields = sections.iter().flat_map(|section| section.fields.iter());
        let mut known: Vec<String> = fields.map(|field| field.key.to_owned()).collect();
        if sections.iter().any(|section| section.resources != Resources::None) {
            known.extend(self.kind_names());
        }
        if known.contains(&entry.key) {
            return;
        }
        let message = format!("there is no key `{}` here", shorten(&entry.key));
        let hint = match self.alike(&entry.key, known.iter().map(String::as_str)) {
            Some(meant) => format!("did you mean `{meant}`?"),
            None => format!("the keys here are {}", known.join(", ")),
        };
        self.error_hint(entry.key_at, message, hint);
    }

    /// The known name that is most like a wrong one, if any is.
    pub(crate) fn alike<'n>(
        &mut self,
        name: &str,
        known: impl Iterator<Item = &'n str>,
    ) -> Option<String> {
        self.searches += 1;
        if self.searches > SEARCHES_MAX {
            return None;
        }
        words::alike(name, known).map(str::to_owned)
    }

    /// A name that leads nowhere.
    pub(crate) fn unknown_name<'n>(
        &mut self,
        at: At,
        what: &str,
        name: &str,
        known: impl Iterator<Item = &'n str> + Clone,
    ) {
        if self.findings.is_broken() {
            return;
        }
        let message = format!("no {what} is called `{}`", shorten(name));
        let hint = self.name_hint(what, name, known);
        self.error_hint(at, message, hint);
    }

    /// What helps with a name that leads nowhere.
    pub(crate) fn name_hint<'n>(
        &mut self,
        what: &str,
        name: &str,
        known: impl Iterator<Item = &'n str> + Clone,
    ) -> String {
        if let Some(meant) = self.alike(name, known.clone()) {
            return format!("did you mean `{meant}`?");
        }
        let mut some: Vec<String> =
            known.take(9).map(|name| format!("`{}`", shorten(name))).collect();
        if some.is_empty() {
            return format!("there is no {what} here");
        }
        if some.len() == 9 {
            some[8] = "…".to_owned();
        }
        let verb = if some.len() == 1 { "is" } else { "are" };
        format!("there {verb} {}", some.join(", "))
    }

    /// Text.
    pub(crate) fn text<'t>(&mut self, key: &str, node: &'t Node) -> Option<&'t str> {
        match &node.value {
            Value::Text(text) => Some(text),
            Value::Number(text) | Value::Date(text) => {
                let hint = format!("did you mean `\"{}\"`?", shorten(text));
                let message = format!("`{}` is text, not {}", shorten(key), node.kind());
                self.error_hint(node.at, message, hint);
                None
            }
            _ => {
                self.wrong_type(key, node, "text", "`\"text\"`");
                None
            }
        }
    }

    /// Text that names something: 1 to 200 characters, none of them control characters.
    pub(crate) fn name<'t>(&mut self, key: &str, node: &'t Node) -> Option<&'t str> {
        let text = self.text(key, node)?;
        self.is_name(key, text, node.at).then_some(text)
    }

    /// Whether a text can be a name; a finding if not.
    pub(crate) fn is_name(&mut self, key: &str, text: &str, at: At) -> bool {
        if text.trim().is_empty() {
            self.error_hint(at, format!("`{}` is empty", shorten(key)), "give it a name");
        } else if text.chars().count() > NAME_MAX {
            let message = format!("`{}` is longer than {NAME_MAX} characters", shorten(key));
            self.error_hint(at, message, "shorten it");
        } else if text.chars().any(char::is_control) {
            let message = format!("`{}` has control characters in it", shorten(key));
            self.error_hint(at, message, "names are one line of text");
        } else {
            return true;
        }
        false
    }

    /// One of some words.
    pub(crate) fn choice(
        &mut self,
        key: &str,
        node: &Node,
        what: &str,
        known: &[&'static str],
    ) -> Option<&'static str> {
        let text = self.text(key, node)?;
        let found = known.iter().find(|word| **word == text).copied();
        if found.is_none() {
            let message = format!("no {what} is called `{}`", shorten(text));
            let hint = match self.alike(text, known.iter().copied()) {
                Some(meant) => format!("did you mean `{meant}`?"),
                None => format!("there are {}", known.join(", ")),
            };
            self.error_hint(node.at, message, hint);
        }
        found
    }

    pub(crate) fn flag(&mut self, key: &str, node: &Node) -> Option<bool> {
        match node.value {
            Value::Flag(flag) => Some(flag),
            _ => {
                self.wrong_type(key, node, "true or false", "`true`");
                None
            }
        }
    }

    /// A number, exactly.
    pub(crate) fn decimal(&mut self, key: &str, node: &Node) -> Option<Decimal> {
        let Value::Number(text) = &node.value else {
            let hint = match &node.value {
                Value::Text(text) if Decimal::parse(text.trim()).is_ok() => {
                    format!("did you mean `{}`, without quotes?", shorten(text.trim()))
                }
                _ => "write it like `10`".to_owned(),
            };
            let message = format!("`{}` is a number, not {}", shorten(key), node.kind());
            self.error_hint(node.at, message, hint);
            return None;
        };
        Decimal::parse(text).map_err(|mistake| self.mistake(node.at, mistake)).ok()
    }

    /// A whole number from `min` to `max`.
    pub(crate) fn whole(&mut self, key: &str, node: &Node, min: u64, max: u64) -> Option<u64> {
        let decimal = self.decimal(key, node)?;
        let shown = node_text(node);
        let key = shorten(key);
        if decimal.is_negative() {
            let message = format!("`{key}` cannot be negative: `{shown}`");
            self.error_hint(node.at, message, format!("it is {min} or more"));
            return None;
        }
        match decimal.to_u64() {
            Some(whole) if whole < min => {
                let message = format!("`{key}` is at least {min}, not `{shown}`");
                self.error(node.at, message);
                None
            }
            Some(whole) if whole <= max => Some(whole),
            None if decimal.to_f64() < max as f64 => {
                self.error(node.at, format!("`{key}` is a whole number, not `{shown}`"));
                None
            }
            _ => {
                self.error(node.at, format!("`{key}` is at most {max}, not `{shown}`"));
                None
            }
        }
    }

    /// A number from `min` to `max`.
    pub(crate) fn number(&mut self, key: &str, node: &Node, min: f64, max: f64) -> Option<f64> {
        let number = self.decimal(key, node)?.to_f64();
        if (min..=max).contains(&number) {
            return Some(number);
        }
        let (key, shown) = (shorten(key), node_text(node));
        let message = if min == 0.0 && number < 0.0 {
            format!("`{key}` cannot be negative: `{shown}`")
        } else {
            format!("`{key}` is from {min} to {max}, not `{shown}`")
        };
        self.error(node.at, message);
        None
    }

    /// A number above 0, up to `max`.
    pub(crate) fn positive(&mut self, key: &str, node: &Node, max: f64) -> Option<f64> {
        let number = self.decimal(key, node)?.to_f64();
        if number > 0.0 && number <= max {
            return Some(number);
        }
        let (key, shown) = (shorten(key), node_text(node));
        let message = format!("`{key}` is above 0 and at most {max}, not `{shown}`");
        self.error(node.at, message);
        None
    }

    /// A duration.
    pub(crate) fn length(&mut self, key: &str, node: &Node) -> Option<Length> {
        match &node.value {
            Value::Text(text) => {
                Length::parse(text).map_err(|mistake| self.mistake(node.at, mistake)).ok()
            }
            Value::Number(text) => {
                let message = format!("`{}` does not say its unit", shorten(key));
                let hint = format!("did you mean `\"{0} days\"` or `\"{0} s\"`?", shorten(text));
                self.error_hint(node.at, message, hint);
                None
            }
            _ => {
                self.wrong_type(key, node, "a duration", "`\"90 days\"`");
                None
            }
        }
    }

    /// A duration in ms, with months and years of the usual length, `min` or more.
    pub(crate) fn length_ms(&mut self, key: &str, node: &Node, min_ms: u64) -> Option<u64> {
        let ms = self.length(key, node)?.ms();
        self.at_least_ms(key, node, ms, min_ms)
    }

    /// A duration from the start on, in ms, with the months and years of the calendar.
    pub(crate) fn calendar_ms(&mut self, key: &str, node: &Node, min_ms: u64) -> Option<u64> {
        let length = self.length(key, node)?;
        match length.ms_from(&self.calendar) {
            Some(ms) => self.at_least_ms(key, node, ms, min_ms),
            None => {
                let message = format!("`{}` ends after the year 9999", node_text(node));
                self.error(node.at, message);
                None
            }
        }
    }

    fn at_least_ms(&mut self, key: &str, node: &Node, ms: u64, min_ms: u64) -> Option<u64> {
        if ms >= min_ms {
            return Some(ms);
        }
        let least = units::format_duration_ms(min_ms);
        let message = format!("`{}` is at least {least}, not `{}`", shorten(key), node_text(node));
        self.error(node.at, message);
        None
    }

    /// A date, maybe with a time of day.
    pub(crate) fn date(&mut self, key: &str, node: &Node) -> Option<jiff::civil::DateTime> {
        let (Value::Text(text) | Value::Date(text)) = &node.value else {
            self.wrong_type(key, node, "a date", "`\"2011-07-01\"`");
            return None;
        };
        let text = text.trim();
        let date = text.parse::<jiff::civil::DateTime>().ok();
        if date.is_none() || !text.starts_with(|c: char| c.is_ascii_digit()) {
            let time = text.get(10..).unwrap_or_default();
            let hint = if time.contains(['Z', 'z', '+']) {
                "a scenario has no time zones: write it like `2011-07-01T08:00:00`"
            } else {
                "write it like `2011-07-01` or `2011-07-01T08:00:00`"
            };
            self.error_hint(node.at, format!("`{}` is not a date", shorten(text)), hint);
            return None;
        }
        date
    }

    /// A time in the run: a date, or a duration since the start.
    pub(crate) fn time_ms(&mut self, key: &str, node: &Node) -> Option<u64> {
        let text = match &node.value {
            Value::Text(text) => text.trim(),
            Value::Date(text) => text,
            _ => {
                self.wrong_type(key, node, "a date or a time since the start", "`\"6 months\"`");
                return None;
            }
        };
        let looks_like_date = text.get(4..5) == Some("-");
        if !looks_like_date {
            return self.calendar_ms(key, node, 0);
        }
        let date = self.date(key, node)?;
        let ms = self.calendar.ms_until(date);
        match u64::try_from(ms) {
            Ok(ms) if ms <= TIME_MS_MAX => Some(ms),
            Ok(_) => {
                self.error(node.at, format!("`{text}` is more than 1000 years after the start"));
                None
            }
            Err(_) => {
                let start = self.calendar.start.date();
                let message = format!("`{text}` is before the start, {start}");
                self.error(node.at, message);
                None
            }
        }
    }

    /// A whole number that may be negative.
    pub(crate) fn integer(&mut self, key: &str, node: &Node) -> Option<i32> {
        let number = self.decimal(key, node)?.to_f64();
        let (min, max) = (i32::MIN, i32::MAX);
        if (f64::from(min)..=f64::from(max)).contains(&number) && number == libm::trunc(number) {
            return Some(number as i32);
        }
        let (key, shown) = (shorten(key), node_text(node));
        let message = format!("`{key}` is a whole number from {min} to {max}, not `{shown}`");
        self.error(node.at, message);
        None
    }

    /// A data rate in MiB/s, at most 1 TiB/s.
    pub(crate) fn data_rate(&mut self, key: &str, node: &Node) -> Option<f64> {
        let Value::Text(text) = &node.value else {
            self.wrong_type(key, node, "a data rate", "`\"1100 MiB/s\"`");
            return None;
        };
        match units::parse_data_rate(text) {
            Ok(mib_s) if mib_s <= (1 << 20) as f64 => Some(mib_s),
            Ok(_) => {
                let message = format!("`{}` is more than 1 TiB/s", shorten(text));
                self.error(node.at, message);
                None
            }
            Err(mistake) => {
                self.mistake(node.at, mistake);
                None
            }
        }
    }

    /// A size of data in whole MiB.
    pub(crate) fn mib(&mut self, key: &str, node: &Node) -> Option<u64> {
        let (Value::Text(text) | Value::Number(text)) = &node.value else {
            self.wrong_type(key, node, "a size", "`\"900 MiB\"`");
            return None;
        };
        let mib = units::parse_amount(Builtin::Memory, text);
        mib.map_err(|mistake| self.mistake(node.at, mistake)).ok().map(i64::unsigned_abs)
    }

    /// A share, 0 or more.
    pub(crate) fn share(&mut self, key: &str, node: &Node) -> Option<f64> {
        match &node.value {
            Value::Text(text) | Value::Number(text) => {
                units::parse_share(text).map_err(|mistake| self.mistake(node.at, mistake)).ok()
            }
            _ => {
                self.wrong_type(key, node, "a share", "`\"25%\"`");
                None
            }
        }
    }

    /// A rate, in events per ms.
    pub(crate) fn rate(&mut self, key: &str, node: &Node) -> Option<f64> {
        match &node.value {
            Value::Text(text) => match units::parse_rate(text) {
                Ok(per_ms) if per_ms <= 1_000.0 => Some(per_ms),
                Ok(_) => {
                    let message = format!("`{}` is too large a rate", shorten(text));
                    self.error_hint(node.at, message, "the most is 1000000 per second");
                    None
                }
                Err(mistake) => {
                    self.mistake(node.at, mistake);
                    None
                }
            },
            Value::Number(text) => {
                let message = format!("`{}` does not say per what", shorten(key));
                let hint = format!("did you mean `\"{} per day\"`?", shorten(text));
                self.error_hint(node.at, message, hint);
                None
            }
            _ => {
                self.wrong_type(key, node, "a rate", "`\"200 per day\"`");
                None
            }
        }
    }

    /// How often something fails, per ms, at most once a minute.
    pub(crate) fn failure_rate(&mut self, key: &str, node: &Node) -> Option<f64> {
        let Value::Text(text) = &node.value else {
            self.wrong_type(key, node, "how often something fails", "`\"5% per year\"`");
            return None;
        };
        match units::parse_failure_rate(text) {
            Ok(per_ms) if per_ms <= 1.0 / MINUTE_MS as f64 => Some(per_ms),
            Ok(_) => {
                let message = format!("`{}` is more than once a minute", shorten(text));
                self.error(node.at, message);
                None
            }
            Err(mistake) => {
                self.mistake(node.at, mistake);
                None
            }
        }
    }

    /// The name of a file that is not this one.
    pub(crate) fn file<'t>(&mut self, key: &str, node: &'t Node) -> Option<&'t str> {
        let name = self.name(key, node)?;
        let itself = self.file.rsplit(['/', '\\']).next();
        if name == self.file || itself == Some(name.strip_prefix("./").unwrap_or(name)) {
            let message = format!("`{}` is this very scenario", shorten(name));
            self.error_hint(node.at, message, "name a CSV file");
            return None;
        }
        Some(name)
    }

    /// Opens a file that the scenario names.
    pub(crate) fn open_file(&mut self, node: &Node, name: &str) -> Option<Box<dyn std::io::Read>> {
        match self.files.open(name) {
            Ok(reader) => Some(reader),
            Err(why) => {
                let message = format!("`{}` cannot be read: {why}", shorten(name));
                let hint = "files are looked for beside the scenario";
                self.error_hint(node.at, message, hint);
                None
            }
        }
    }

    /// What a table says of each resource, 0 where it says nothing; and whether it says anything.
    pub(crate) fn amounts(&mut self, table: &Table<'_>) -> (Wide, bool) {
        let mut amounts = [0; 8];
        let mut is_any = false;
        for (column, name) in self.kind_names().iter().enumerate() {
            if let Some(node) = table.resource(name) {
                is_any = true;
                amounts[column] = self.amount(name, column, node).unwrap_or(0);
            }
        }
        (amounts, is_any)
    }

    fn amount(&mut self, name: &str, column: usize, node: &Node) -> Option<i64> {
        let Some(&kind) = Builtin::ALL.get(column) else {
            return self.whole(name, node, 0, AMOUNT_MAX as u64).map(|whole| whole as i64);
        };
        let text = match &node.value {
            Value::Text(text) => text.clone(),
            // An exponent can only come from a bare number; the unit's parser knows none.
            Value::Number(text) if text.contains(['e', 'E']) => {
                let number = self.decimal(name, node)?;
                match number.to_u64() {
                    Some(whole) => whole.to_string(),
                    None => number.to_f64().to_string(),
                }
            }
            Value::Number(text) => {
                self.decimal(name, node)?;
                text.clone()
            }
            _ => {
                let example = format!("`{}`", units::amount_example(kind));
                self.wrong_type(name, node, "an amount", &example);
                return None;
            }
        };
        units::parse_amount(kind, &text).map_err(|mistake| self.mistake(node.at, mistake)).ok()
    }

    /// The ratio that a table gives for each resource, if any.
    pub(crate) fn ratios(&mut self, table: &Table<'_>) -> [Option<Decimal>; 8] {
        let mut ratios = [None; 8];
        for (column, name) in self.kind_names().iter().enumerate() {
            let Some(node) = table.resource(name) else { continue };
            if self.positive(name, node, 1_000.0).is_some()
                && let Some(ratio) = self.decimal(name, node)
            {
                if column == Builtin::Gpu as usize && ratio != Decimal::ONE {
                    let hint = "delete this; requests share a GPU by asking for parts of it";
                    self.error_hint(node.at, "GPUs cannot be overcommitted", hint);
                    continue;
                }
                ratios[column] = Some(ratio);
            }
        }
        ratios
    }

    /// Labels: text by name.
    pub(crate) fn labels(
        &mut self,
        key: &str,
        node: &Node,
    ) -> std::collections::BTreeMap<String, String> {
        let mut labels = std::collections::BTreeMap::new();
        let Some(entries) = node.table() else {
            self.wrong_type(key, node, "a table", "`{ gen = \"g1\" }`");
            return labels;
        };
        for entry in entries {
            if entry.key.contains('=') {
                let message = format!("a label's name has no `=` in it: `{}`", shorten(&entry.key));
                self.error(entry.key_at, message);
                continue;
            }
            let is_name = self.is_name("label", &entry.key, entry.key_at);
            if let Some(value) = self.name(&entry.key, &entry.node)
                && is_name
            {
                labels.insert(entry.key.clone(), value.to_owned());
            }
        }
        labels
    }

    /// The nodes of a list of tables; a table alone too, where that is allowed. A bound and the
    /// type are checked.
    pub(crate) fn list<'t>(&mut self, key: &str, node: &'t Node, alone: bool) -> &'t [Node] {
        match &node.value {
            Value::List(nodes) if nodes.len() <= ENTRIES_MAX => nodes,
            Value::List(_) => {
                self.error(node.at, format!("`{key}` has more than {ENTRIES_MAX} entries"));
                &[]
            }
            Value::Table(_) if alone => std::slice::from_ref(node),
            Value::Table(_) => {
                let message = format!("`{key}` is a list of tables, not a table");
                self.error_hint(node.at, message, format!("write it like `[[{key}]]`"));
                &[]
            }
            _ if alone => {
                self.wrong_type(key, node, "a table or a list of tables", &format!("`[{key}]`"));
                &[]
            }
            _ => {
                self.wrong_type(key, node, "a list of tables", &format!("`[[{key}]]`"));
                &[]
            }
        }
    }
}

/// What the user wrote, for messages.
pub(crate) fn node_text(node: &Node) -> String {
    match &node.value {
        Value::Text(text) | Value::Number(text) | Value::Date(text) => shorten(text),
        _ => node.kind().to_owned(),
    }
}
