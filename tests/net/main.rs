//! Properties of the network layer: its clever structures against naive models, and its parsers against noise.

mod assembler;
mod byte_stream;
mod decoder;
