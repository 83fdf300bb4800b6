//! Work that its questions bring with them.

use std::collections::VecDeque;

use super::{Next, Turn, Work};

/// A function that gives an answer.
pub type Errand<A> = Box<dyn FnOnce() -> A + Send>;

/// Runs errands in their order; the newest answer is kept.
pub struct Errands<A>(VecDeque<Errand<A>>);

impl<A> Default for Errands<A> {
    fn default() -> Errands<A> {
        Errands(VecDeque::new())
    }
}

impl<A: Send + 'static> Work for Errands<A> {
    type Question = Errand<A>;
    type Answer = A;

    fn take(&mut self, errand: Errand<A>) {
        self.0.push_back(errand);
    }

    fn step(&mut self, turn: &mut Turn<'_, A>) -> Next {
        if let Some(errand) = self.0.pop_front() {
            turn.say(errand());
        }
        if self.0.is_empty() { Next::WhenAsked } else { Next::Now }
    }

    fn cancel(&mut self) {
        self.0.clear();
    }
}
