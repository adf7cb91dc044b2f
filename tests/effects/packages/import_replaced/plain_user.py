import watching
import watched_more
