package social

// Server is what a server says of itself to somebody who looks for one to join.
type Server struct {
	Host      string   `json:"host"`
	Title     string   `json:"title"`
	About     string   `json:"about"`     // its own short description, plain text
	Software  string   `json:"software"`  // its name in NodeInfo, "" unknown
	Languages []string `json:"languages"` // BCP 47, as it lists them
	Open      bool     `json:"open"`      // one may sign up
	Approval  bool     `json:"approval"`  // by approval of a person
	Speed     string   `json:"speed"`     // its own sentence on how long that takes, "" for none
	MinAge    int      `json:"min_age"`   // years, 0 for none stated
	SignUp    string   `json:"sign_up"`   // page where one signs up, https and of the same domain
}
