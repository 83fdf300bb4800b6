//! The windows of inflated messages that were shown last, in the room that all stores of inflated octets share.

use std::collections::VecDeque;
use std::mem::size_of;
use std::sync::Arc;

use crate::base::MessageId;
use crate::dissect::{InflatedPart, InflatedRoom, InflatedStore};
use crate::view::InflatedView;

/// Windows that are kept at most.
const MOST: usize = 256;

/// A window of an inflated message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InflatedWindow {
    /// The message.
    pub message: MessageId,
    /// Octets of the inflated message before the first one that is held.
    pub from: u64,
    /// The limit that it was inflated to, in octets.
    pub limit: u64,
    /// The version of the snapshot it is read from, as long as more of the message may come.
    pub version: Option<u64>,
}

/// The views of windows, the latest first.
#[derive(Default)]
pub struct InflatedViews {
    views: VecDeque<(InflatedWindow, Arc<InflatedView>)>,
    /// The account of their octets; none before the first view.
    store: Option<InflatedStore>,
}

impl InflatedViews {
    /// Returns the view that `fits`, and makes it the latest one.
    pub fn find(&mut self, fits: impl Fn(&InflatedWindow, &InflatedView) -> bool) -> Option<Arc<InflatedView>> {
        let index = self.views.iter().position(|(window, view)| fits(window, view))?;
        let found = self.views.remove(index)?;
        self.views.push_front(found);
        self.views.front().map(|(_, view)| view.clone())
    }

    /// Returns the latest view of a message.
    pub fn of_message(&self, message: MessageId) -> Option<Arc<InflatedView>> {
        self.views.iter().find(|(window, _)| window.message == message).map(|(_, view)| view.clone())
    }

    /// Keeps a view as the latest one, whatever room there is; the oldest ones go where there is none.
    pub fn put(&mut self, window: InflatedWindow, view: Arc<InflatedView>, room: &InflatedRoom) {
        // A view of a message that has grown takes the place of what it was.
        let is_other = |other: &InflatedWindow| {
            other.message != window.message || other.version.is_none() && other.limit == window.limit
        };
        let store = self.store.get_or_insert_with(|| room.store());
        self.views.retain(|(other, view)| {
            let stays = is_other(other);
            if !stays {
                store.give_back(size(view));
            }
            stays
        });
        while self.views.len() >= MOST || !store.take(size(&view)) {
            let Some((_, oldest)) = self.views.pop_back() else {
                store.take_anyway(size(&view));
                break;
            };
            store.give_back(size(&oldest));
        }
        self.views.push_front((window, view));
    }
}

/// Returns the octets of memory that a view takes, about.
fn size(view: &InflatedView) -> usize {
    let text = view.text.as_ref().map_or(0, |text| text.text.len() + text.indented.as_ref().map_or(0, String::len));
    view.inflated.plain.octets.len() + text + view.inflated.parts.len() * size_of::<InflatedPart>()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dissect::{Inflated, Inflation, Message, Progress, Session};

    impl InflatedViews {
        pub(in crate::gui) fn len(&self) -> usize {
            self.views.len()
        }
    }

    fn window(message: &Message) -> InflatedWindow {
        InflatedWindow { message: message.id, from: 0, limit: 1, version: None }
    }

    fn view(message: &Message, octets: usize) -> Arc<InflatedView> {
        let mut inflated = Inflated::default();
        inflated.plain.octets = vec![0; octets];
        Arc::new(InflatedView { message: *message, inflated, text: None, limit: 1 })
    }

    #[test]
    fn views_and_resume_points_share_the_room() {
        let sample = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("samples/deflate.pcap");
        let mut session = Session::open(&sample).unwrap();
        while session.step(usize::MAX).unwrap() != Progress::End {}
        let snapshot = session.snapshot();
        let messages: Vec<Message> =
            (0..snapshot.message_count()).filter_map(|id| snapshot.message(MessageId::from_index(id))).collect();
        let (mut views, mut inflation) = (InflatedViews::default(), Inflation::default());
        let room = snapshot.inflated_room();
        for message in messages.iter().filter(|message| message.compressed) {
            assert!(inflation.message(&snapshot, message, u64::MAX).unwrap().is_complete());
        }
        let points = room.used();
        assert!(points > 0, "where to go on is kept");
        let growing = InflatedWindow { version: Some(1), ..window(&messages[0]) };
        views.put(growing, view(&messages[0], 1000), room);
        assert_eq!(room.used(), points + 1000);
        views.put(growing, view(&messages[0], 3000), room);
        assert_eq!(room.used(), points + 3000, "instead of what it was");
        drop(views);
        drop(inflation);
        assert_eq!(room.used(), 0);
    }

    #[test]
    fn the_oldest_views_make_way_and_the_one_that_is_shown_stays() {
        let sample = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("samples/deflate.pcap");
        let mut session = Session::open(&sample).unwrap();
        while session.step(usize::MAX).unwrap() != Progress::End {}
        let snapshot = session.snapshot();
        let message = |id| snapshot.message(MessageId::from_index(id)).unwrap();
        let room = InflatedRoom::new(4000);
        let mut views = InflatedViews::default();
        let numbers = |views: &InflatedViews| -> Vec<usize> {
            views.views.iter().map(|(window, _)| window.message.index()).collect()
        };
        for id in 0..4 {
            views.put(window(&message(id)), view(&message(id), 1000), &room);
        }
        assert_eq!((numbers(&views), room.used()), (vec![3, 2, 1], 3000), "three quarters of the room");
        assert!(views.find(|window, _| window.message == message(1).id).is_some());
        views.put(window(&message(4)), view(&message(4), 2000), &room);
        assert_eq!((numbers(&views), room.used()), (vec![4, 1], 3000));
        views.put(window(&message(5)), view(&message(5), 9000), &room);
        assert_eq!((numbers(&views), room.used()), (vec![5], 9000));
        let mut other = room.store();
        assert!(!other.take(1));
        views.put(window(&message(6)), view(&message(6), 10), &room);
        assert!(other.take(1000));
    }
}
