//! Expressions: arithmetic that a scenario writes, such as `free_cpu / capacity_cpu - 0.5 * vms`.
//!
//! Numbers, names, `+ - * /`, comparisons (1 if true, 0 if not), brackets, and the functions of
//! [`FUNCTIONS`]. Nothing else: no powers, no loops, no way to name or keep anything. Text, depth
//! and names are bounded, so reading and evaluating are too. Each operation is one of IEEE 754 in
//! the order of the text, so a value is the same on every machine. Division by 0 is infinite or
//! not a number; who uses the value says what that means.
//!
//! Libraries were looked at first. What they cost: a second meaning of `/` for whole numbers, the
//! platform's `exp` and `pow`, regular expressions in the browser's download, or wrong answers
//! for calls inside calls; and none says at which column a text is wrong.

use std::fmt;

/// The longest text, in bytes.
pub const TEXT_MAX: usize = 500;
/// How deep brackets, calls and signs may be inside each other.
pub const DEPTH_MAX: usize = 24;
/// The most values that are held at once while the next is worked out.
const STACK_MAX: usize = 32;

/// The functions, each with the numbers of values it takes and what it gives.
pub const FUNCTIONS: &[(&str, usize, usize, &str)] = &[
    ("min", 1, 8, "the least"),
    ("max", 1, 8, "the most"),
    ("abs", 1, 1, "without its sign"),
    ("floor", 1, 1, "rounded down"),
    ("ceil", 1, 1, "rounded up"),
    ("sqrt", 1, 1, "the square root"),
    ("if", 3, 3, "the second where the first is not 0, else the third"),
];

/// An expression that was read.
#[derive(Clone, PartialEq)]
pub struct Expression {
    text: String,
    /// What to do, on a stack of values.
    steps: Vec<Step>,
}

impl fmt::Debug for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`", self.text)
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Step {
    Number(f64),
    /// The name of this row.
    Name(usize),
    Negate,
    Do(Operator),
    /// A function of so many values.
    Call(Function, usize),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operator {
    Add,
    Subtract,
    Multiply,
    Divide,
    Less,
    AtMost,
    More,
    AtLeast,
    Equal,
    Unequal,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Function {
    Min,
    Max,
    Abs,
    Floor,
    Ceil,
    Sqrt,
    If,
}

/// What is wrong with a text, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// The wrong bytes of the text; empty at its end.
    pub range: std::ops::Range<usize>,
    /// What is wrong.
    pub what: Wrong,
}

/// What can be wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wrong {
    /// A name that is none of those known.
    Name(String),
    /// Anything else, in words.
    Text(String),
}

impl Expression {
    /// Reads a text. `row_of` gives each known name its row.
    ///
    /// # Errors
    /// The first mistake from the left.
    pub fn parse(text: &str, row_of: &dyn Fn(&str) -> Option<usize>) -> Result<Self, Mistake> {
        if text.len() > TEXT_MAX {
            return Err(wrong(0..text.len(), format!("it is longer than {TEXT_MAX} characters")));
        }
        let mut reader = Reader { text, tokens: tokens(text)?, next: 0, row_of, steps: Vec::new() };
        reader.comparison(0)?;
        match reader.peek() {
            Some(_) => Err(reader.unexpected("an operator")),
            None if height(&reader.steps) > STACK_MAX => {
                Err(wrong(0..text.len(), "it holds too many values at once: simplify it"))
            }
            None => Ok(Self { text: text.to_owned(), steps: reader.steps }),
        }
    }

    /// As it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The rows of all names in it, as often as they are there.
    pub fn names(&self) -> impl Iterator<Item = usize> {
        self.steps.iter().filter_map(|step| match step {
            Step::Name(row) => Some(*row),
            _ => None,
        })
    }

    /// Its value, where each name has this one. Cost: one operation a step, no allocation.
    #[inline]
    pub fn value(&self, of: impl Fn(usize) -> f64) -> f64 {
        let mut stack = [0.0; STACK_MAX];
        let mut top = 0;
        for step in &self.steps {
            match *step {
                Step::Number(number) => {
                    stack[top] = number;
                    top += 1;
                }
                Step::Name(row) => {
                    stack[top] = of(row);
                    top += 1;
                }
                Step::Negate => stack[top - 1] = -stack[top - 1],
                Step::Do(operator) => {
                    top -= 1;
                    stack[top - 1] = operator.of(stack[top - 1], stack[top]);
                }
                Step::Call(function, count) => {
                    let first = top - count;
                    stack[first] = function.of(&stack[first..top]);
                    top = first + 1;
                }
            }
        }
        stack[0]
    }
}

/// The most values that are on the stack at once.
fn height(steps: &[Step]) -> usize {
    let (mut top, mut most) = (0, 0);
    for step in steps {
        match step {
            Step::Number(_) | Step::Name(_) => top += 1,
            Step::Negate => {}
            Step::Do(_) => top -= 1,
            Step::Call(_, count) => top -= count - 1,
        }
        most = most.max(top);
    }
    most
}

impl Operator {
    fn of(self, a: f64, b: f64) -> f64 {
        let truth = |holds: bool| f64::from(u8::from(holds));
        match self {
            Self::Add => a + b,
            Self::Subtract => a - b,
            Self::Multiply => a * b,
            Self::Divide => a / b,
            Self::Less => truth(a < b),
            Self::AtMost => truth(a <= b),
            Self::More => truth(a > b),
            Self::AtLeast => truth(a >= b),
            Self::Equal => truth(a == b),
            Self::Unequal => truth(a != b),
        }
    }
}

impl Function {
    fn of(self, values: &[f64]) -> f64 {
        let first = values[0];
        match self {
            Self::Min => values.iter().fold(first, |least, x| if *x < least { *x } else { least }),
            Self::Max => values.iter().fold(first, |most, x| if *x > most { *x } else { most }),
            Self::Abs => first.abs(),
            Self::Floor => libm::floor(first),
            Self::Ceil => libm::ceil(first),
            Self::Sqrt => libm::sqrt(first),
            Self::If => values[if first == 0.0 { 2 } else { 1 }],
        }
    }

    fn named(name: &str) -> Option<Self> {
        Some(match name {
            "min" => Self::Min,
            "max" => Self::Max,
            "abs" => Self::Abs,
            "floor" => Self::Floor,
            "ceil" => Self::Ceil,
            "sqrt" => Self::Sqrt,
            "if" => Self::If,
            _ => return None,
        })
    }
}

/// A piece of the text: its bytes say what it is.
type Token = std::ops::Range<usize>;

/// Operators of two characters stand before those of one.
const OPERATORS: &[(&str, Operator)] = &[
    ("<=", Operator::AtMost),
    (">=", Operator::AtLeast),
    ("==", Operator::Equal),
    ("!=", Operator::Unequal),
    ("<", Operator::Less),
    (">", Operator::More),
    ("+", Operator::Add),
    ("-", Operator::Subtract),
    ("*", Operator::Multiply),
    ("/", Operator::Divide),
];

fn tokens(text: &str) -> Result<Vec<Token>, Mistake> {
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(c) = text[at..].chars().next() {
        let rest = &text[at..];
        let upto = |is_in: &dyn Fn(char) -> bool| rest.find(|c| !is_in(c)).unwrap_or(rest.len());
        let operator = OPERATORS.iter().find(|(operator, _)| rest.starts_with(operator));
        let length = match (c, operator) {
            (c, _) if c.is_whitespace() => {
                at += c.len_utf8();
                continue;
            }
            (_, Some((operator, _))) => operator.len(),
            ('(' | ')' | ',', _) => 1,
            (c, _) if is_of_name(c) && !c.is_ascii_digit() => upto(&is_of_name),
            (c, _) if c.is_ascii_digit() || c == '.' => {
                upto(&|c| c.is_ascii_alphanumeric() || c == '.')
            }
            _ => {
                let what = format!("`{c}` has no meaning here");
                return Err(wrong(at..at + c.len_utf8(), what));
            }
        };
        tokens.push(at..at + length);
        at += length;
    }
    Ok(tokens)
}

fn is_of_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

fn wrong(range: Token, what: impl Into<String>) -> Mistake {
    Mistake { range, what: Wrong::Text(what.into()) }
}

struct Reader<'a> {
    text: &'a str,
    tokens: Vec<Token>,
    next: usize,
    row_of: &'a dyn Fn(&str) -> Option<usize>,
    steps: Vec<Step>,
}

impl Reader<'_> {
    fn peek(&self) -> Option<&str> {
        self.tokens.get(self.next).map(|token| &self.text[token.clone()])
    }

    /// The bytes of the next token; those behind the text if there is none.
    fn here(&self) -> Token {
        self.tokens.get(self.next).cloned().unwrap_or(self.text.len()..self.text.len())
    }

    fn unexpected(&self, wanted: &str) -> Mistake {
        let what = match self.peek() {
            Some(found) => format!("there should be {wanted}, not `{found}`"),
            None => format!("it ends where there should be {wanted}"),
        };
        wrong(self.here(), what)
    }

    fn take(&mut self, wanted: &str) -> bool {
        let is_there = self.peek() == Some(wanted);
        self.next += usize::from(is_there);
        is_there
    }

    fn must(&mut self, wanted: &str) -> Result<(), Mistake> {
        match self.take(wanted) {
            true => Ok(()),
            false => Err(self.unexpected(&format!("`{wanted}`"))),
        }
    }

    /// One of some operators, if it comes next.
    fn operator(&mut self, of: &[Operator]) -> Option<Operator> {
        let text = self.peek()?;
        let found =
            OPERATORS.iter().find(|(name, operator)| *name == text && of.contains(operator));
        self.next += usize::from(found.is_some());
        found.map(|(_, operator)| *operator)
    }

    fn comparison(&mut self, depth: usize) -> Result<(), Mistake> {
        use Operator::{AtLeast, AtMost, Equal, Less, More, Unequal};
        let all = [Less, AtMost, More, AtLeast, Equal, Unequal];
        self.sum(depth)?;
        if let Some(operator) = self.operator(&all) {
            self.sum(depth)?;
            self.steps.push(Step::Do(operator));
        }
        let here = self.here();
        match self.operator(&all) {
            Some(_) => Err(wrong(here, "comparisons do not follow each other without brackets")),
            None => Ok(()),
        }
    }

    fn sum(&mut self, depth: usize) -> Result<(), Mistake> {
        self.product(depth)?;
        while let Some(operator) = self.operator(&[Operator::Add, Operator::Subtract]) {
            self.product(depth)?;
            self.steps.push(Step::Do(operator));
        }
        Ok(())
    }

    fn product(&mut self, depth: usize) -> Result<(), Mistake> {
        self.factor(depth)?;
        while let Some(operator) = self.operator(&[Operator::Multiply, Operator::Divide]) {
            self.factor(depth)?;
            self.steps.push(Step::Do(operator));
        }
        Ok(())
    }

    fn factor(&mut self, depth: usize) -> Result<(), Mistake> {
        if depth == DEPTH_MAX {
            let what = format!("it is more than {DEPTH_MAX} brackets and calls deep");
            return Err(wrong(self.here(), what));
        }
        if self.take("-") {
            self.factor(depth + 1)?;
            self.steps.push(Step::Negate);
            return Ok(());
        }
        if self.take("(") {
            self.comparison(depth + 1)?;
            return self.must(")");
        }
        let (here, text) = (self.here(), self.peek().unwrap_or_default().to_owned());
        match text.chars().next() {
            Some(c) if c.is_ascii_digit() || c == '.' => {
                let number = text.parse::<f64>().ok().filter(|number| number.is_finite());
                let number = number.ok_or_else(|| wrong(here, format!("`{text}` is no number")))?;
                self.next += 1;
                self.steps.push(Step::Number(number));
                Ok(())
            }
            Some(c) if is_of_name(c) => {
                self.next += 1;
                if self.peek() == Some("(") {
                    return self.call(here, &text, depth);
                }
                let row = (self.row_of)(&text)
                    .ok_or_else(|| Mistake { range: here, what: Wrong::Name(text.clone()) })?;
                self.steps.push(Step::Name(row));
                Ok(())
            }
            _ => Err(self.unexpected("a number, a name or `(`")),
        }
    }

    fn call(&mut self, here: Token, name: &str, depth: usize) -> Result<(), Mistake> {
        let known = FUNCTIONS.iter().find(|(known, ..)| *known == name);
        let Some((function, (_, least, most, _))) = Function::named(name).zip(known) else {
            let names: Vec<String> =
                FUNCTIONS.iter().map(|(name, ..)| format!("`{name}`")).collect();
            let what = format!("no function is called `{name}`; there are {}", names.join(", "));
            return Err(wrong(here, what));
        };
        self.must("(")?;
        let mut count = 0;
        loop {
            self.comparison(depth + 1)?;
            count += 1;
            if !self.take(",") {
                break;
            }
        }
        self.must(")")?;
        if !(*least..=*most).contains(&count) {
            let range = match (least, most) {
                (one, same) if one == same => format!("{one}"),
                _ => format!("{least} to {most}"),
            };
            return Err(wrong(here, format!("`{name}` takes {range} values, not {count}")));
        }
        self.steps.push(Step::Call(function, count));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAMES: [&str; 4] = ["a", "b", "free_cpu", "vms"];

    fn parse(text: &str) -> Result<Expression, Mistake> {
        Expression::parse(text, &|name| NAMES.iter().position(|known| *known == name))
    }

    /// Values: a is 2, b is 3, free_cpu is 8, vms is 0.
    fn check(text: &str, expected: f64) {
        let expression = parse(text).unwrap_or_else(|wrong| panic!("{text}: {wrong:?}"));
        assert_eq!(expression.value(|row| [2.0, 3.0, 8.0, 0.0][row]), expected, "{text}");
    }

    #[test]
    fn arithmetic_is_what_it_is_at_school() {
        check("1 + 2 * 3", 7.0);
        check("(1 + 2) * 3", 9.0);
        check("8 - 3 - 2", 3.0);
        check("8 / 4 / 2", 1.0);
        check("8 / 4 * 2", 4.0);
        check("-a * b", -6.0);
        check("2 - -3", 5.0);
        check("--2", 2.0);
        check("1.5e3 + .5", 1_500.5);
        check("free_cpu / 16 - 0.5 * vms", 0.5);
    }

    #[test]
    fn calls_can_be_inside_calls() {
        check("min(1, min(2, 3))", 1.0);
        check("max(min(1, 2), min(3, 4) + 1) * 2", 8.0);
        check("min(5, 4, 3, 7)", 3.0);
        check("abs(a - b) + floor(2.7) + ceil(2.1) + sqrt(9)", 9.0);
        check("if(a < b, 10, 20)", 10.0);
        check("if(vms, 10, 20)", 20.0);
    }

    #[test]
    fn comparisons_are_1_or_0() {
        check("(a < b) + (a <= 2) + (b > a) + (b >= 4) + (a == 2) + (a != 2)", 4.0);
        check("1 + 1 < 1 + 2", 1.0);
    }

    #[test]
    fn division_by_0_is_no_panic() {
        check("1 / vms", f64::INFINITY);
        assert!(parse("vms / vms").unwrap().value(|_| 0.0).is_nan());
    }

    #[test]
    fn mistakes_are_told_with_their_place() {
        let check = |text: &str, expected: &str| {
            let Mistake { range, what } = parse(text).expect_err(text);
            let what = match what {
                Wrong::Name(name) => format!("no name {name}"),
                Wrong::Text(what) => what,
            };
            assert_eq!(format!("{}..{} {what}", range.start, range.end), expected, "{text}");
        };
        check("", "0..0 it ends where there should be a number, a name or `(`");
        check("a +", "3..3 it ends where there should be a number, a name or `(`");
        check("a b", "2..3 there should be an operator, not `b`");
        check("(a", "2..2 it ends where there should be `)`");
        check("a)", "1..2 there should be an operator, not `)`");
        check("fre_cpu * 2", "0..7 no name fre_cpu");
        check("a ^ b", "2..3 `^` has no meaning here");
        check("1.2.3", "0..5 `1.2.3` is no number");
        check("2a", "0..2 `2a` is no number");
        check("1e999", "0..5 `1e999` is no number");
        check("a < b < 3", "6..7 comparisons do not follow each other without brackets");
        check("abs(1, 2)", "0..3 `abs` takes 1 values, not 2");
        check("min()", "4..5 there should be a number, a name or `(`, not `)`");
        check("a é", "2..4 `é` has no meaning here");
        let what = "no function is called `exp`; there are `min`, `max`, `abs`, `floor`, `ceil`, \
            `sqrt`, `if`";
        check("exp(a)", &format!("0..3 {what}"));
    }

    #[test]
    fn length_and_depth_are_bounded_and_the_deepest_fits_its_stack() {
        assert!(parse(&"1+".repeat(400)).is_err());
        let deep = |depth| format!("{}1{}", "(".repeat(depth), ")".repeat(depth));
        assert!(parse(&deep(DEPTH_MAX - 1)).is_ok() && parse(&deep(DEPTH_MAX)).is_err());
        // Each level holds as many values as it can while the next is worked out.
        let level = "1<1+1*min(1,1,1,1,1,1,1,";
        let at = |depth: usize| format!("{}1{}", level.repeat(depth), ")".repeat(depth));
        assert_eq!(parse(&at(3)).unwrap().value(|_| 1.0), 1.0);
        assert!(parse(&at(4)).is_err());
    }
}
