//! Looks how deep loops are nested in a component's functions. The compiler's time and memory grow with the depth times the local
//! variables that are used inside, so some kilobytes of loops are enough for minutes and gigabytes.

use wasmparser::{FunctionBody, Operator, Parser, Payload};

use super::ArtifactError;
use super::outline::{exceeded, malformed};
use crate::limits::{LimitExceeded, Limits};

/// Refuses loops that are nested too deep. This reads every instruction, which takes a small part of the time that compiling takes, and
/// more than everything else that is known before: so it is done only where something is about to be compiled.
pub(crate) fn check(bytes: &[u8], limits: &Limits) -> Result<(), ArtifactError> {
    for payload in Parser::new(0).parse_all(bytes) {
        if let Payload::CodeSectionEntry(body) = payload.map_err(malformed)?
            && deepest(&body) > limits.loop_nesting
        {
            return exceeded(LimitExceeded::LoopNesting(limits.loop_nesting));
        }
    }
    Ok(())
}

/// As far as the instructions can be read: that they can't is for the compiler to say, which gets no further either.
fn deepest(body: &FunctionBody<'_>) -> u32 {
    // Which of the blocks around an instruction are loops.
    let mut blocks = Vec::new();
    let (mut now, mut most) = (0_u32, 0);
    let operators = body.get_operators_reader().into_iter().flatten();
    for operator in operators.map_while(Result::ok) {
        match operator {
            Operator::Loop { .. } => {
                blocks.push(true);
                now += 1;
                most = most.max(now);
            }
            Operator::Block { .. }
            | Operator::If { .. }
            | Operator::Try { .. }
            | Operator::TryTable { .. } => blocks.push(false),
            Operator::End | Operator::Delegate { .. } => {
                now -= u32::from(blocks.pop() == Some(true));
            }
            _ => {}
        }
    }
    most
}
