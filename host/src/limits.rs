//! What one target may use, and why that much.
//!
//! Each limit is one row of a table, from which its field, its default, what it may be set to, its name on the command line and its
//! line in `docs/limits.md` are made.

use std::fmt;
use std::time::Duration;

mod amount;
mod setting;

pub use amount::{Amount, AmountError};
pub use setting::{LimitError, documentation};

use amount::Measured;

const KIB: u64 = 1 << 10;
const MIB: u64 = 1 << 20;
const GIB: u64 = 1 << 30;

const fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// One row for each limit: what it bounds, and after an empty line the reason for its default; name, field, default, smallest and
/// largest value; and, where reaching it ends the operation, what the message calls it.
macro_rules! limits {
    ($(
        $(#[doc = $doc:literal])+
        $name:literal $field:ident: $type:ty = $kind:ident($default:expr) from $least:expr, to $most:expr
        $(=> $variant:ident $text:literal)?;
    )+) => {
        /// Upper bounds for a target: for loading it, and for each of its operations. Each field says its reason;
        /// [`Limits::all`] has the defaults.
        #[derive(Debug, Clone, PartialEq, Eq)]
        #[non_exhaustive]
        pub struct Limits {
            $( $(#[doc = $doc])+ pub $field: $type, )+
        }

        impl Default for Limits {
            fn default() -> Self {
                Self { $( $field: <$type>::of($default), )+ }
            }
        }

        static LIMITS: &[Limit] = &[$( Limit {
            name: $name,
            text: concat!($($doc, "\n"),+),
            default: Amount::$kind($default),
            least: Amount::$kind($least),
            most: Amount::$kind($most),
            get: |limits| Amount::$kind(limits.$field.raw()),
            set: |limits, amount| if let Amount::$kind(raw) = amount {
                limits.$field = <$type>::of(raw);
            },
        } ),+];

        /// A limit that a target ran into, with the value that it had.
        #[derive(Debug, Clone, PartialEq, Eq)]
        #[non_exhaustive]
        pub enum LimitExceeded {
            $($(
                #[doc = concat!("[`Limits::", stringify!($field), "`].")]
                $variant($type),
            )?)+
            /// The guest's call stack, whose size (512 KiB) is wasmtime's default.
            Stack,
        }

        impl LimitExceeded {
            /// The limit's name: lower-case words joined by `-`.
            pub fn name(&self) -> &'static str {
                match self {
                    $($( Self::$variant(_) => { let _ = $text; $name } )?)+
                    Self::Stack => "call-stack",
                }
            }
        }

        impl fmt::Display for LimitExceeded {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                match self {
                    $($( Self::$variant(value) => write!(f, $text, Amount::$kind(value.raw())), )?)+
                    Self::Stack => f.write_str("a deeper call stack than there is"),
                }
            }
        }
    };
}

limits! {
    /// Bytes of all linear memories together.
    ///
    /// A JavaScript or Python target starts with 10 to 40 MiB, and a target has no reason to hold an application's contents,
    /// which it reads in pieces.
    "memory" memory: usize = Bytes(256 * MIB) from MIB, to 4 * GIB
        => Memory "more than {} of memory";

    /// Elements of all tables together.
    ///
    /// Tables hold function pointers, of which a JavaScript or Python interpreter has 5,000 to 8,000.
    "table-elements" table_elements: usize = Count(100_000) from 100, to 10_000_000
        => TableElements "more than {} table elements";

    /// Instances of core modules.
    ///
    /// componentize-py links a target from 14 modules, componentize-js from 4.
    "instances" instances: usize = Count(100) from 1, to 10_000
        => Instances "more than {} instances";

    /// Linear memories.
    ///
    /// Every known toolchain makes one; each reserves address space of the host.
    "memories" memories: usize = Count(10) from 1, to 1_000
        => Memories "more than {} memories";

    /// Tables.
    ///
    /// Every known toolchain makes two.
    "tables" tables: usize = Count(20) from 1, to 1_000
        => Tables "more than {} tables";

    /// Time that the guest itself computes in one operation; waiting for the host does not count.
    ///
    /// A whole deploy by the Hippo target computes for some milliseconds, one in Python for less than a second.
    "compute" compute: Duration = Time(seconds(30)) from Duration::from_millis(10), to seconds(3_600)
        => Compute "more than {} of computing";

    /// Time of one operation, waiting included. It stands still while the user is asked something.
    ///
    /// Pushing some hundred megabytes over a slow line ends in it, a target that waits for ever doesn't.
    "wall-clock" wall_clock: Duration = Time(seconds(15 * 60)) from Duration::from_millis(100), to seconds(24 * 3_600)
        => WallClock "more than {} altogether";

    /// Time that `describe` computes.
    ///
    /// It hands out constants; a Python interpreter needs 0.1 s to start.
    "describe-compute" describe_compute: Duration = Time(seconds(5)) from Duration::from_millis(10), to seconds(600);

    /// Time of `describe`, waiting included.
    ///
    /// It has nothing to wait for.
    "describe-wall-clock" describe_wall_clock: Duration = Time(seconds(10)) from Duration::from_millis(100), to seconds(600);

    /// HTTP requests and uses of Bindle.
    ///
    /// A deploy needs about ten, and some hundred where a platform has to be asked again and again.
    "requests" requests: u32 = Count(1_000) from 0, to 1_000_000
        => Requests "more than {} requests";

    /// HTTP requests at the same time.
    ///
    /// More help no platform, and each may hold as much of the host's memory as one call hands over, and the answer that it gives back. One that was answered counts until its body is sent.
    "concurrent-requests" concurrent_requests: u32 = Count(16) from 1, to 256
        => ConcurrentRequests "more than {} HTTP requests at the same time";

    /// Bytes of one request's body.
    ///
    /// A target may send whole applications itself, streamed.
    "request-body" request_body: u64 = Bytes(GIB) from 0, to 1_024 * GIB
        => RequestBody "a request body of more than {}";

    /// Bytes of all request bodies together.
    ///
    /// Several times the largest application that one request can carry. What the host pushes to Bindle doesn't count.
    "request-bytes" request_bytes: u64 = Bytes(4 * GIB) from 0, to 1_024 * GIB
        => RequestBytes "more than {} in all request bodies";

    /// Bytes of one answer's body, as the target sees it.
    ///
    /// Answers of platforms are small, logs may be a few megabytes.
    "response-body" response_body: u64 = Bytes(64 * MIB) from KIB, to 1_024 * GIB
        => ResponseBody "a response body of more than {}";

    /// Bytes of all answers' bodies together.
    ///
    /// A few of the largest, and a thousand ordinary ones.
    "response-bytes" response_bytes: u64 = Bytes(256 * MIB) from KIB, to 1_024 * GIB
        => ResponseBytes "more than {} in all response bodies";

    /// Bytes of the headers of one request or answer, counted with some overhead for each.
    ///
    /// Servers accept 8 to 64 KiB.
    "headers" headers: usize = Bytes(128 * KIB) from KIB, to MIB
        => Headers "more than {} of headers";

    /// Bytes of all headers that the target has a handle to at the same time, counted in the same way.
    ///
    /// They are held by the host, not in the target's memory, and counted at every eighth call of the host. A target that closes what it has read holds one or two sets.
    "live-headers" live_headers: usize = Bytes(8 * MIB) from 64 * KIB, to 256 * MIB
        => LiveHeaders "more than {} of headers at the same time";

    /// Live handles (bodies, streams, readers, ...).
    ///
    /// Guests that close what they open need a few dozen.
    "handles" handles: usize = Count(1_000) from 16, to 100_000
        => Handles "more than {} handles";

    /// Bytes that one call may hand to the host.
    ///
    /// A request's body that the target has made itself goes in one call. What is larger is a file, which the host sends, or goes in pieces.
    "call-bytes" call_bytes: usize = Bytes(16 * MIB) from 64 * KIB, to GIB
        => CallBytes "more than {} in one call";

    /// Messages to the console. Further ones are dropped, which is no error.
    ///
    /// More can't be read.
    "console-lines" console_lines: u32 = Count(1_000) from 0, to 100_000;

    /// Characters of one message to the console. The rest is cut off.
    ///
    /// A line of a terminal has 80 to 200.
    "console-line" console_line: usize = Count(500) from 16, to 10_000;

    /// Bytes of all messages to the console. Further ones are dropped, which is no error.
    ///
    /// A thousand messages of ordinary length.
    "console-bytes" console_bytes: u64 = Bytes(128 * KIB) from 0, to 64 * MIB;

    /// Bytes kept of what the guest writes to stdout and to stderr, for each. The rest is dropped, which is no error.
    ///
    /// A trace of a crash has some kilobytes.
    "output" output: usize = Bytes(64 * KIB) from 0, to 64 * MIB;

    /// Bytes of the target's file.
    ///
    /// componentize-js makes 12 MB, componentize-py 22 MB and more with packages. Looked at before more is read.
    "component-size" component_size: u64 = Bytes(50 * MIB) from KIB, to GIB
        => ComponentSize "a component of more than {}";

    /// Time that compiling may take. Compiled code is cached, so this is spent once for each target.
    ///
    /// A JavaScript or Python target takes 5 to 15 s on two slow processors.
    "compile-time" compile_time: Duration = Time(seconds(60)) from seconds(1), to seconds(3_600)
        => CompileTime "more than {} to compile";

    /// Functions in all modules of a component.
    ///
    /// JavaScript and Python targets have 13,000.
    "functions" functions: u64 = Count(100_000) from 1, to 1_000_000
        => Functions "more than {} functions";

    /// Bytes of code of one function.
    ///
    /// The largest known, a table of names in CPython, has 427 kB. Compiling takes more than proportional time and memory.
    "function-size" function_size: u64 = Bytes(2 * MIB) from KIB, to 7 * MIB
        => FunctionSize "a function of more than {}";

    /// Parameters and results of one type of a function.
    ///
    /// The widest known has 19. Each block may have as many, and the compiler's memory grows with the product.
    "function-width" function_width: u64 = Count(50) from 1, to 2_000
        => FunctionWidth "more than {} parameters and results";

    /// For one function, bytes of code times local variables, parameters and results.
    ///
    /// The heaviest known, in SpiderMonkey, has 12 million. The compiler's memory grows with it.
    "function-weight" function_weight: u64 = Count(100_000_000) from 1_000, to 10_000_000_000
        => FunctionWeight "a function of a weight of more than {}";

    /// Depth to which loops of one function are nested.
    ///
    /// The deepest known has 6. A thousand, with as many local variables, cost the compiler more than a minute and a gigabyte.
    "loop-nesting" loop_nesting: u32 = Count(20) from 1, to 1_000
        => LoopNesting "loops nested more than {} deep";

    /// Types, aliases, instances and the like that a component defines.
    ///
    /// A Python target has 3,500.
    "definitions" definitions: u64 = Count(100_000) from 100, to 1_000_000
        => Definitions "more than {} definitions";

    /// Depth to which components, and types of components and instances, are nested.
    ///
    /// Toolchains make one level of each; composed components some more. wasmtime stops at 100, also for types of values.
    "nesting" nesting: u32 = Count(20) from 1, to 100
        => Nesting "nesting of more than {} levels";
}

/// One limit, as the table has it.
#[non_exhaustive]
pub struct Limit {
    /// Lower-case words joined by `-`.
    pub name: &'static str,
    /// What it is unless it is set.
    pub default: Amount,
    /// The smallest value that it can be set to.
    pub least: Amount,
    /// The largest value that it can be set to.
    pub most: Amount,
    text: &'static str,
    get: fn(&Limits) -> Amount,
    set: fn(&mut Limits, Amount),
}

impl Limits {
    /// All limits, in the order in which to show them.
    pub fn all() -> &'static [Limit] {
        LIMITS
    }

    /// For `describe`, which only hands out constants: these limits with the two clocks that are `describe`'s own.
    #[must_use]
    pub fn describing(&self) -> Self {
        Self {
            compute: self.describe_compute,
            wall_clock: self.describe_wall_clock,
            ..self.clone()
        }
    }
}

impl Limit {
    /// The limit of this name.
    pub fn find(name: &str) -> Option<&'static Self> {
        LIMITS.iter().find(|limit| limit.name == name)
    }

    /// What it bounds.
    pub fn what(&self) -> String {
        self.paragraph(0)
    }

    /// The reason for its default.
    pub fn reason(&self) -> String {
        self.paragraph(1)
    }

    /// Its value among these.
    pub fn of(&self, limits: &Limits) -> Amount {
        (self.get)(limits)
    }

    fn paragraph(&self, index: usize) -> String {
        let mut paragraphs = self.text.split("\n\n");
        let words = paragraphs.nth(index).unwrap_or_default();
        words.split_whitespace().collect::<Vec<_>>().join(" ")
    }
}

impl fmt::Debug for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Limit")
            .field("name", &self.name)
            .field("default", &self.default)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
