"""The way to the providers: connections that are guarded, kept, resumed and given back, under httpx's interface."""
