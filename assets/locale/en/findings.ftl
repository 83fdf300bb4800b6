### The sentences of findings.
###
### A message's id is that of its rule, with dashes. Where a rule has several sentences, each further one is an attribute.
### The names behind the dollar signs are those of the values in src/base/fact.rs; nobody reads the words in brackets.

## Parts of sentences

sender = { $sender ->
    [client] client
    [server] server
   *[unknown] unknown
}
peer = { $sender ->
    [client] server
    [server] client
   *[unknown] unknown
}
head = { $head ->
    [request] request
   *[response] 101
}
opcode = { $opcode ->
    [0] continuation
    [1] text
    [2] binary
    [8] close
    [9] ping
    [10] pong
   *[other] reserved control
}
frames = { $frames ->
    [one] { $frames } frame
   *[other] { $frames } frames
}
octets = { $octets ->
    [one] { $octets } octet
   *[other] { $octets } octets
}
confidence = { $confidence ->
    [fair] fair
    [high] high
    [likely] likely
    [very-likely] very likely
   *[certain] as good as certain
}
stream-ends = { $end ->
    [fin] The sender ended TCP
    [reset] TCP was reset
   *[capture] The capture ends
}
header-lost = { $header ->
    [yes] {" "}A frame header lies in there, so what follows cannot be placed until frames are found again.
   *[no] {""}
}

## Opening handshake

handshake-method-not-get = The request's method is { $method }; it must be GET.
handshake-http-version = The request is HTTP/1.{ $minor }; it must be at least HTTP/1.1.
handshake-host-missing = The request has no Host.
handshake-connection-missing = The { head } has no Connection.
    .token = The { head } has “Connection: { $value }”, without the token Upgrade.
handshake-upgrade-missing = The { head } has no Upgrade.
    .token = The { head } has “Upgrade: { $value }”, which does not name websocket.
handshake-key-missing = The request has no Sec-WebSocket-Key.
handshake-key-invalid =
    .length = Sec-WebSocket-Key “{ $key }” is { $octets } octets in base64; it must be 16.
    .alphabet = Sec-WebSocket-Key “{ $key }” is not base64.
    .repeated = Sec-WebSocket-Key is given { $times } times.
handshake-version-missing = The request has no Sec-WebSocket-Version.
handshake-version-unsupported = Sec-WebSocket-Version is “{ $version }”; RFC 6455 is version 13.
handshake-accept-missing = The 101 has no Sec-WebSocket-Accept.
handshake-accept-mismatch = Sec-WebSocket-Accept is “{ $accept }”; the key “{ $key }” makes it “{ $expected }”.
handshake-subprotocol-not-offered = The server chose the subprotocol “{ $chosen }”, and the client offered { $offered }.
    .unasked = The server chose the subprotocol “{ $chosen }”, and the client offered none.
    .several = The server chose { $count } subprotocols at once: { $chosen }.
handshake-extension-not-offered = The server accepted the extension “{ $name }”, which the client did not offer.
    .more = The server accepted { $count } extensions more that the client did not offer.
handshake-extension-parameter =
    .unknown = permessage-deflate has no parameter “{ $parameter }”.
    .twice = The parameter { $parameter } is given twice.
    .with-value = The parameter { $parameter } takes no value, and has “{ $value }”.
    .without-value = The parameter { $parameter } needs a value from 8 to 15, and has none.
    .invalid = The parameter { $parameter } is “{ $value }”; it must be a number from 8 to 15.
    .context = The client asked for { $parameter }, and the server did not agree to it.
    .window = The client asked for { $parameter }={ $most }, and the server did not agree to it: its window is one of 15 bits.
    .server-window = The server's window of { $bits } bits is larger than the { $most } that the client asked for.
    .client-window = The server allows the client a window of { $bits } bits, more than the { $most } that the client offered.
    .unasked = The server set { $parameter }, which the client did not say it understands.
    .accepted-twice = The server accepted permessage-deflate more than once.
handshake-data-before-101 = The client sent { $octets } octets behind its request without waiting for the 101 in packet { $packet }.
handshake-refused = The server refused with “{ $status }”{ $hint ->
    [version] ; it speaks version { $value }
    [credentials] ; it asks for { $value }
    [location] ; it points to { $value }
   *[silent] {""}
}.
handshake-request-not-captured = The capture has the 101 and not the request it answers.
handshake-response-not-captured = The capture lacks octets where the answer to the request should be.

## Frames

frame-rsv-without-extension = { $bits ->
    [1] RSV3 is
    [2] RSV2 is
    [3] RSV2 and RSV3 are
    [4] RSV1 is
    [5] RSV1 and RSV3 are
    [6] RSV1 and RSV2 are
   *[7] RSV1 and RSV2 and RSV3 are
} set, and no negotiated extension gives it a meaning.
frame-opcode-reserved = Opcode 0x{ HEX($opcode) } is reserved for { $control ->
    [yes] control
   *[no] data
} frames that nobody has defined.
frame-client-unmasked = The client sent a frame without masking it.
frame-server-masked = The server sent a masked frame.
frame-length-not-minimal = A length of { $length } takes { $bits } bits, which are for { $least } and more; { $enough } bits are enough.
frame-length-msb-set = The most significant bit of the length { $length } is set.
frame-control-fragmented = A { opcode } frame has FIN 0, and control frames cannot be fragmented.
frame-control-too-long = A { opcode } frame has { $length } payload octets; { $most } is the most.
frame-masking-key-zero = The masking-key is 00000000, which masks nothing.
frame-masking-key-reused = The masking-key { $key } is the previous frame's; each frame needs a new one.
frame-after-close = The { sender } sent a data frame after its Close frame.
frame-truncated =
    .hole = The capture lacks { $octets } of the frame's { $length } payload octets, from octet { $at } on.
    .payload = { stream-ends } after { $octets } of { $length } payload octets.
    .header = { stream-ends } inside a frame header, of which { $octets } octets are there: { $header }.
frame-not-websocket = Where a frame should start stands { $protocol ->
    [http-response] an HTTP response
    [http-request] an HTTP request
    [http2-preface] an HTTP/2 preface
    [ssh] SSH
    [html] HTML
    [xml] XML
    [json] JSON text
    [tls-record] a TLS record
   *[plain-text] plain text
}: “{ $start }…”. As a frame it would have the opcode 0x{ HEX($opcode) } and { $length } payload octets; it is not read as one.

# A header's fact whose header the end of its stream cuts off.
in-cut-header = { $fact } The frame's header is cut off.

## Messages

message-continuation-without-start = A continuation frame, and no message is open.
message-interleaved = A new { opcode } message starts while message { $open } waits for its final frame.
message-invalid-utf8 = The text is not UTF-8 from octet { $at } of the message on: { $octets } { $unfinished ->
    [yes] begins a character that does not end
   *[no] is no character
}.
    .inflated = The inflated text is not UTF-8 from octet { $at } of the message on.
message-unfinished = The connection ends before the message's final frame.

## Closing and liveness

close-body-one-octet = The Close body is the single octet { $octet }; a status code has two.
# The names are those of IANA's registry.
close-code-not-on-wire = Close code { $code } ({ $code ->
    [1005] No Status Rcvd
    [1006] Abnormal Closure
   *[1015] TLS handshake
}) is for reports inside a peer and never sent.
close-code-out-of-range = Close code { $code } is outside 1000–4999.
close-code-unassigned = Close code { $code } has no assigned meaning.
close-reason-invalid-utf8 = The Close reason is not UTF-8 from octet { $at } of the body on.
close-not-echoed = The { sender } never answered this Close frame with its own, and the connection has ended.
close-missing = The { sender } { $end ->
    [reset] reset TCP (RST)
   *[fin] ended TCP (FIN)
} { $idle } after { $since ->
    [frame] the last frame
   *[opening] the opening handshake, without a frame
}, and neither side had sent a Close frame: both see 1006.{ $timeout ->
    [0] {""}
   *[other] {" "}{ $timeout } s is a common time-out of proxies and load balancers for idle connections.
}
ping-unanswered = The { sender } did not answer this ping before the connection ended.
    .late = The { sender } did not answer this ping for { $seconds } seconds.
pong-unsolicited = No ping with this pong's { $octets } octets of body waits for an answer; it serves as a heartbeat at most.

## Compression

deflate-rsv1-on-control = RSV1 marks a { opcode } frame as compressed, and control frames are never compressed.
deflate-rsv1-on-continuation = RSV1 is set on a continuation frame; only a message's first frame tells of compression.
deflate-invalid-data = The message's data is not valid DEFLATE: the context breaks here. What later messages copy from it is not known.
deflate-window-exceeded = A distance of { $distance } octets is longer than the { sender }'s window of { $bits } bits, which is { $window } octets.
deflate-context-kept = The message copies from messages before it, although { sender }_no_context_takeover was agreed: each message must stand for itself.
deflate-context-lost = The message copies from messages of the { sender } before it that the capture lacks or that could not be inflated; octets from there are marked as unknown, here and in the messages behind.
deflate-expanded = Compression made the message larger: { $wire ->
    [one] { $wire } octet
   *[other] { $wire } octets
} on the wire for { $plain ->
    [one] { $plain } octet
   *[other] { $plain } octets
} of payload.{ $last ->
    [yes] {" "}Further ones of this sender are not listed.
   *[no] {""}
}
limit-inflate = The message inflates to more than { $mebibytes } MiB, and was not inflated further. What later messages copy from it is not known. --inflate-limit raises this limit.

## The capture

capture-gap = { $octets } octets of the { sender }'s stream are missing: between packets { $before } and { $packet }.{ header-lost }
    .gave-up = { $octets } octets of the { sender }'s stream are missing: behind packet { $before }; more came behind the hole than is held, so it is not waited for.{ header-lost }
    .found-again = Frames of the { sender } are read again from octet { $at } of its stream on: from there, MASK bits, opcodes and lengths chain over { frames } (confidence: { confidence }).
capture-packets-cut = { $octets } octets of the { sender }'s stream are missing: packet { $packet } was stored shorter than it was.{ header-lost }
    .head = { $octets } octets of the { sender }'s opening handshake are missing: packet { $packet } was stored shorter than it was. Which fields stood there is not known, so nothing about them is judged.
handshake-lacks = { $opening ->
    [not-captured] The capture lacks the opening handshake
    [refused] The server refused the opening handshake
   *[absent] There is no opening handshake
}
frames-chain = MASK bits and lengths chain over { $frames } frames, { $masked } of them masked, { $texts } with text in UTF-8
capture-mid-stream = { $by ->
    [evidence] { handshake-lacks }, and a WebSocket is { confidence }: { frames-chain }.
    [confirmed] { handshake-lacks }. The user confirms that this is a WebSocket, which is { confidence }: { frames-chain }.
   *[user] { handshake-lacks }. This is read as a WebSocket because the user says that it is one; { $frames ->
        [0] nothing else speaks for it.
       *[other] { frames-chain }, which alone would not be enough.
    }
}{ $before ->
    [0] {""}
   *[other] {" "}{ $before } octets before are passed over: most likely they belong to frames that began earlier.
}
    .found = Frames of the { sender } are read from octet { $at } of its stream on: from there, MASK bits, opcodes and lengths chain over { frames } (confidence: { confidence }).
capture-overlap-conflict = { octets } of the { sender }'s stream were sent again with other values: packet { $first } has the copy that is shown, packet { $second } the other, and the { peer } may have read either.
capture-decryption-keys-missing = { $connections ->
    [one] { $connections } TCP connection starts
   *[other] { $connections } TCP connections start
} with TLS, and there are no secrets for it: whether it carries WebSockets cannot be told.{ $named ->
    [0] {""}
   *[other] {" "}What would tell are the secrets of the client { $named ->
        [one] random
       *[other] randoms
    } { $randoms }{ $more ->
        [0] {""}
       *[other] {" "}and { $more } more
    }.
}
