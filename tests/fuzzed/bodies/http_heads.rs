//! HTTP/1 heads: in whatever pieces a stream comes, the same heads are found and the same bodies are stepped over; and what is
//! read shortly of a head is what is read of all of it.

use framescope::http::{Body, Head, HttpKind, HttpReader, HttpStep, Outline, extensions, judge_answer, judge_offer};

/// A head: stream offset, octets and kind; nothing where the stream is HTTP no more.
type Found = Option<(u64, Vec<u8>, Option<HttpKind>)>;

/// Takes the size of pieces, and a stream.
pub fn check(input: &[u8]) {
    let [piece, stream @ ..] = input else { return };
    let whole = found(stream, stream.len().max(1));
    assert_eq!(whole, found(stream, 1 + usize::from(*piece)), "pieces of {piece} and one");
    assert_eq!(whole, found(stream, 1));
    let mut end = 0;
    for (at, octets, kind) in whole.0.iter().flatten() {
        assert!(*at >= end, "heads stand one behind another");
        end = at + octets.len() as u64;
        assert_eq!(&stream[*at as usize..end as usize], octets);
        match kind {
            Some(HttpKind::Requests) => same(Outline::request(octets), Head::request(octets)),
            Some(HttpKind::Responses) => same(Outline::response(octets), Head::response(octets)),
            _ => {}
        }
    }
}

fn same<E: std::fmt::Debug>(outline: Result<Outline, E>, head: Result<Head, E>) {
    assert_eq!(outline.is_ok(), head.is_ok(), "{outline:?} {head:?}");
    if let (Ok(outline), Ok(head)) = (outline, head) {
        assert_eq!(outline, Outline::of(&head));
        // Judging takes any head, of either kind.
        judge_offer(&head, |_| {});
        judge_answer(Some(&head), &head, |_| {});
        judge_answer(None, &head, |_| {});
        extensions(&head);
    }
}

/// Returns the heads of a stream that comes in pieces, and where the reader then is.
fn found(stream: &[u8], piece: usize) -> (Vec<Found>, u64, Option<u64>) {
    let mut reader = HttpReader::new(0);
    let mut heads = Vec::new();
    for mut octets in stream.chunks(piece) {
        while let Some(step) = reader.next(&mut octets) {
            let HttpStep::Head { at, octets: head, kind } = step else {
                heads.push(None);
                continue;
            };
            let body = match kind {
                Some(HttpKind::Requests) => Outline::request(&head).map(|outline| Body::of_request(&outline)),
                _ => Outline::response(&head).map(|outline| Body::of_response(&outline, None)),
            };
            heads.push(Some((at, head.into_owned(), kind)));
            reader.body(body.unwrap_or(Body::Length(0)));
        }
    }
    assert_eq!(reader.at(), stream.len() as u64, "all is taken");
    (heads, reader.at(), reader.http_end())
}
