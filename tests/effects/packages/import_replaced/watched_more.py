import watched
