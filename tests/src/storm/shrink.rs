//! Makes a failing script short: leaves out ever smaller parts as long as it still fails.

use super::script::{Script, Step};

/// Most runs spent on one script.
const RUNS_MAX: u32 = 600;

/// The shortest script found that still fails by `fails`.
pub fn shrink(script: &Script, mut fails: impl FnMut(&Script) -> bool) -> Script {
    let mut best = script.clone();
    let mut runs = 0;
    let mut part = best.steps.len().div_ceil(2);
    while part > 0 && runs < RUNS_MAX {
        let mut from = 0;
        let mut shorter = false;
        while from < best.steps.len() && runs < RUNS_MAX {
            let to = (from + part).min(best.steps.len());
            runs += 1;
            let try_it = without(&best, from, to);
            if fails(&try_it) {
                best = try_it;
                shorter = true;
            } else {
                from = to;
            }
        }
        if !shorter || part > 1 {
            part /= 2;
        }
    }
    best
}

/// Leaves out some steps; their time passes all the same.
fn without(script: &Script, from: usize, to: usize) -> Script {
    let mut steps = script.steps.clone();
    let time: u32 = steps.drain(from..to).map(|step| step.after).fold(0, u32::saturating_add);
    if let Some(next) = steps.get_mut(from) {
        next.after = next.after.saturating_add(time);
    }
    Script { steps: steps.into_iter().collect::<Vec<Step>>(), ..script.clone() }
}
